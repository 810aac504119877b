import type { WorkflowSpec } from '../../artifact/workflow.ts'
import { workflow } from '../blocks/workflow.ts'
import { argument, type BodyItem, block } from './body.ts'
import { ioBlock } from './io.ts'
import { durationText, moneyText, plainArguments, unlessDefault } from './model-blocks.ts'
import { bodyItems, typeItems } from './node.ts'
import { deferredText, deferredValue } from './text.ts'

/** The arguments and blocks of a workflow that give this artifact. */
export function workflowItems(spec: WorkflowSpec): readonly BodyItem[] {
  const { description, labels, output, concurrency } = spec
  return [
    ...plainArguments({ description, labels }),
    ...ioBlock('input', spec.input, spec.input_validation),
    ...argument('timeout', durationText(unlessDefault(workflow.body, 'timeout', spec.timeout_ms))),
    ...argument('max_cost', moneyText(spec.max_cost_nano)),
    ...plainArguments({ max_steps: unlessDefault(workflow.body, 'max_steps', spec.max_steps) }),
    ...argument('retention', durationText(unlessDefault(workflow.body, 'retention', spec.retention_ms))),
    ...(concurrency
      ? [
          block('concurrency', [
            ...plainArguments({ limit: concurrency.limit }),
            ...argument('key', concurrency.key === undefined ? undefined : deferredText(concurrency.key as never)),
          ]),
        ]
      : []),
    ...bodyItems(spec.nodes),
    ...(output ? [block('output', [...argument('value', deferredValue(output.value)), ...typeItems(output.schema)])] : []),
  ]
}
