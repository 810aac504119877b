import type { NodeErrorSpec, NodeSpec, NodeType } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import type { ObjectType } from '../../hcl/type.ts'
import { argumentRange } from '../blocks/argument-range.ts'
import { conversionSentence } from '../decode/conversion.ts'
import { findAttribute } from '../instances.ts'
import type { NodeParts, NodeSite } from './definition.ts'
import { attemptFit } from './fit.ts'
import type { NodeSettings } from './settings-body.ts'

type SettingsSpec = Pick<NodeSpec, 'when' | 'timeout_ms' | 'retry' | 'on_error' | 'cache'>

/** What every node takes, as an artifact holds it. */
export function settingsOf(block: Block, type: NodeType, parts: NodeParts, attributes: ObjectType, site: NodeSite): SettingsSpec {
  const { settings, timeoutMs } = parts
  checkPlaces(block, type, parts, site)
  const { retry, cache } = settings
  return compact({
    when: settings.when === true ? undefined : settings.when,
    timeout_ms: settings.timeout ?? timeoutMs,
    retry:
      retry &&
      compact({
        max_attempts: retry.max_attempts,
        initial_ms: retry.initial,
        max_ms: retry.max,
        on: retry.on && [...new Set(retry.on)].sort(),
      }),
    on_error: onError(block, settings, attributes, site),
    cache: cache && { ttl_ms: cache.ttl, scope: cache.scope },
  })
}

/** Types that wait by themselves: a further attempt would wait again. */
const NEVER_RETRIED: readonly NodeType[] = ['approval', 'wait']

function checkPlaces(block: Block, type: NodeType, { settings, isCacheable }: NodeParts, site: NodeSite): void {
  const refused = [
    ...(settings.retry && NEVER_RETRIED.includes(type) ? [['retry', `A node of the type ${type} is not tried again: it waits.`]] : []),
    ...(settings.cache && !isCacheable
      ? [['cache', 'What is kept is the answer of a model, a guard or a transform, and of a tool with replay = "safe".']]
      : []),
  ]
  for (const [name = '', detail = ''] of refused) {
    const found = block.body.items.find(item => item.kind === 'block' && item.type === name)
    site.report.error({
      code: 'config/unsupported-block',
      summary: `There is no block "${name}" here`,
      detail,
      subject: found?.kind === 'block' ? found.typeRange : block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
}

function onError(block: Block, { on_error: written }: NodeSettings, attributes: ObjectType, site: NodeSite): NodeErrorSpec {
  if (written === undefined) return { action: 'fail' }
  const nested = block.body.items.find((item): item is Block => item.kind === 'block' && item.type === 'on_error') ?? block
  const place = { where: site.where, address: site.address }
  if (written.action === 'default' && written.value === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "value" is missing',
      detail: 'With action = "default" the node succeeds with this as its output: value = ….',
      subject: nested.headerRange,
      ...place,
    })
  }
  if (written.action !== 'default' && written.value !== undefined) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `"value" is for action = "default", and the action is "${written.action}"`,
      detail: 'Remove it, or write action = "default".',
      subject: argumentRange(nested, 'value') ?? nested.headerRange,
      ...place,
    })
  }
  if (written.action === 'default') checkDefault(nested, attributes, site)
  return compact({ action: written.action, value: written.value, codes: written.codes })
}

/** The value stands for the output of the node, so it has its type. */
function checkDefault(nested: Block, attributes: ObjectType, site: NodeSite): void {
  const expression = findAttribute(nested, 'value')?.expression
  const type = attributes.attributes.get('output')?.type
  if (expression === undefined || type === undefined) return
  const converted = attemptFit(evaluate(expression, { ...site.deferred, report: site.report.muted() }), type)
  if (converted.ok) return
  site.report.error({
    code: 'workflow/type-mismatch',
    summary: 'The default does not fit the output of the node',
    detail: conversionSentence(converted.failure),
    subject: expression.range,
    where: site.where,
    address: site.address,
  })
}
