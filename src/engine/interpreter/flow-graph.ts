import type { Closure } from '../../artifact/closure.ts'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { PromptSpec } from '../../artifact/prompt.ts'
import type { WorkflowSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import { invariant } from '../../base/invariant.ts'
import { INTERPRETER_SEMANTICS } from './semantics.ts'

const TEXT: JsonSchema = { type: 'string' }

/** Of a prompt that is run by itself, as a workflow and a model node have them (blocks.md 4). */
const PROMPT_DEFAULTS = { timeout_ms: 3_600_000, retention_ms: 2_592_000_000, max_steps: 10_000 } as const
const MODEL_TIMEOUT_MS = 120_000

/** The graph of a flow: of a workflow its own, of a prompt one model node that is given the whole input. */
export function graphOf(closure: Closure): WorkflowSpec {
  const member = closure.members.get(closure.address)
  invariant(member, 'run/flow-outside-closure', `${closure.address} is not in its own closure`)
  const { kind, spec }: { readonly kind: string; readonly spec: unknown } = member.artifact
  if (kind === 'workflow') return spec as WorkflowSpec
  invariant(kind === 'prompt', 'run/not-a-flow', `a ${kind} cannot be run`)
  return promptGraph(closure.address, spec as PromptSpec)
}

function promptGraph(address: string, prompt: PromptSpec): WorkflowSpec {
  return {
    ...PROMPT_DEFAULTS,
    ...compact({ input: prompt.input, input_validation: prompt.input_validation }),
    interpreter: INTERPRETER_SEMANTICS,
    nodes: [
      {
        name: 'answer',
        type: 'model',
        sources: [],
        timeout_ms: MODEL_TIMEOUT_MS,
        on_error: { action: 'fail' },
        arguments: { prompt: { $ref: address }, stream: true, with: prompt.input === undefined ? {} : { $expr: 'input' } },
      },
    ],
    output: { schema: prompt.output ?? TEXT, value: { $expr: 'node.answer.output' } },
  }
}
