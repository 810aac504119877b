import type { DeferredText } from '../../artifact/deferred.ts'
import type { MessageSpec, PromptSpec, TierSpec } from '../../artifact/prompt.ts'
import { compact } from '../../base/compact.ts'
import type { Block } from '../../hcl/ast.ts'
import { ANY, listOf, STRING } from '../../hcl/type.ts'
import { duration, integer, labels, money, oneOf, text, wordsOf } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, isUnset, optional, repeated, required, single } from '../decode/body.ts'
import { deferredBool, deferredOf, deferredText } from '../decode/deferred.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import { reference, references } from '../decode/reference.ts'
import type { BlockSite } from '../decode/site.ts'
import { FILE, MESSAGE } from '../decode/type.ts'
import { createDeferredScope, type DeferredNames, type DeferredRoot } from '../deferred-scope.ts'
import { findAttribute } from '../instances.ts'
import type { BlockDefinition } from './definition.ts'
import { decodeIo, decodeValidations, type IoDeclaration } from './io.ts'
import { paramsBody } from './model-blocks.ts'

/** Decoded later, with the names that the rest of the block declares. */
const later = { labels: [], many: true, decode: (block: Block) => block } as const
/** Decoded before the body, whose expressions use what they declare. */
const earlier = { labels: [], many: false, decode: (block: Block) => block } as const

const promptBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    model: optional(reference('model')),
    system: optional(deferredText),
    history: optional(deferredOf(listOf(MESSAGE))),
    user: optional(deferredText),
    repair: defaulted(integer(0, 2), 1),
    on_truncated: defaulted(oneOf(['fail', 'keep']), 'fail'),
    max_cost: optional(money),
    input_guards: defaulted(references('guard'), []),
    output_guards: defaulted(references('guard'), []),
  },
  blocks: {
    ...META_BLOCKS,
    input: earlier,
    output: earlier,
    message: repeated({ arguments: { text: optional(deferredText), attachments: optional(deferredOf(listOf(FILE))) } }, ['role']),
    tier: later,
    params: single(paramsBody),
    cache: single({ arguments: { ttl: required(duration), scope: defaulted(oneOf(['tenant', 'environment']), 'tenant') } }),
  },
} as const satisfies BodySpec

const tierBody = {
  arguments: {
    model: required(reference('model')),
    escalate_on: optional(wordsOf(['output_invalid', 'guard_blocked', 'refusal', 'truncated'])),
    escalate_when: optional(deferredBool),
  },
} as const satisfies BodySpec

type DecodedPrompt = Decoded<typeof promptBody>

/** Versioned instructions with typed input and output. */
export const prompt: BlockDefinition<'prompt'> = {
  kind: 'prompt',
  summary: 'versioned instructions with typed input and output',
  stability: 'stable',
  body: promptBody,
  compile(block, site) {
    const before = site.report.errorCount
    const input = declared(block, 'input', site)
    const output = declared(block, 'output', site)
    const names = deferredNames({
      input: { label: `The input of ${site.address}`, code: 'config/unknown-input', ...rootOf(block, 'input', input) },
    })
    const inner: BlockSite = { ...site, deferred: { ...site.evaluation, scope: createDeferredScope(site.evaluation.scope, names) } }
    const decoded = decodeBody(block.body, promptBody, inner, block)
    if (decoded === undefined) return undefined
    const outputNames = deferredNames({
      output: { label: `The output of ${site.address}`, code: 'config/unknown-attribute', ...rootOf(block, 'output', output) },
    })
    const outputSite: BlockSite = {
      ...site,
      deferred: { ...site.evaluation, scope: createDeferredScope(site.evaluation.scope, outputNames) },
    }
    const tiers = decodeTiers(block, decoded, outputSite)
    const messages = toMessages(block, decoded, inner)
    const inputValidation = decodeValidations(input?.validations ?? [], inner)
    const outputValidation = decodeValidations(output?.validations ?? [], outputSite)
    if (input) warnUnused(input, names, site)
    if (site.report.errorCount > before || tiers === undefined) return undefined
    const spec: PromptSpec = compact({
      description: decoded.description,
      labels: decoded.labels,
      tiers,
      input: input?.schema,
      input_validation: inputValidation.length > 0 ? inputValidation : undefined,
      messages,
      history: decoded.history,
      output: output?.schema,
      output_validation: outputValidation.length > 0 ? outputValidation : undefined,
      params: decoded.params && compact(decoded.params),
      repair: decoded.repair,
      on_truncated: decoded.on_truncated,
      max_cost_nano: decoded.max_cost,
      input_guards: decoded.input_guards.length > 0 ? decoded.input_guards : undefined,
      output_guards: decoded.output_guards.length > 0 ? decoded.output_guards : undefined,
      cache: decoded.cache && { ttl_ms: decoded.cache.ttl, scope: decoded.cache.scope },
    })
    return { spec, textFiles: textFiles(block) }
  },
}

function declared(block: Block, type: 'input' | 'output', site: BlockSite): IoDeclaration | undefined {
  const found = block.body.items.find(item => item.kind === 'block' && item.type === type)
  return found?.kind === 'block' && found.labels.length === 0 ? decodeIo(found, site) : undefined
}

function deferredNames(roots: Readonly<Record<string, DeferredRoot>>): DeferredNames {
  return { roots: new Map(Object.entries(roots)), used: new Set() }
}

/** Without an `output` block a prompt answers with text; without an `input` block it takes nothing. */
function rootOf(block: Block, type: 'input' | 'output', declaration: IoDeclaration | undefined): Pick<DeferredRoot, 'type' | 'declaredAt'> {
  const found = block.body.items.find(item => item.kind === 'block' && item.type === type)
  if (found?.kind === 'block') return { type: declaration?.type ?? ANY, declaredAt: found.typeRange }
  return type === 'output' ? { type: STRING } : {}
}

function decodeTiers(block: Block, decoded: DecodedPrompt, site: BlockSite): readonly TierSpec[] | undefined {
  const place = { where: site.where, address: site.address }
  if (decoded.model !== undefined && decoded.tier.length === 0) return [{ model: decoded.model }]
  const [first] = decoded.tier
  if (decoded.model !== undefined && first) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: '"model" and "tier" exclude each other',
      detail: 'A prompt has one model, or tiers of models that are tried in order.',
      subject: first.headerRange,
      ...place,
    })
    return undefined
  }
  if (first === undefined) {
    if (!isUnset(findAttribute(block, 'model'), site)) return undefined
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "model" is missing',
      detail: 'Add it: model = model.NAME.',
      subject: block.headerRange,
      ...place,
    })
    return undefined
  }
  if (decoded.tier.length === 1) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'There is only one "tier"',
      detail: 'Add a further one, or write model = model.NAME for a prompt with one model.',
      subject: first.headerRange,
      ...place,
    })
    return undefined
  }
  const tiers = decoded.tier.map(tier => decodeBody(tier.body, tierBody, site, tier))
  tiers.forEach((tier, index) => {
    if (tier) checkTier(decoded.tier[index] ?? block, tier, index === tiers.length - 1, site)
  })
  return tiers.includes(undefined) ? undefined : tiers.flatMap(tier => (tier ? [compact(tier)] : []))
}

function checkTier(block: Block, tier: Decoded<typeof tierBody>, isLast: boolean, site: BlockSite): void {
  const hasRule = tier.escalate_on !== undefined || tier.escalate_when !== undefined
  if (hasRule !== isLast) return
  site.report.error({
    code: isLast ? 'prompt/last-tier' : 'prompt/tier-without-rule',
    summary: isLast ? 'The last tier has a rule, and nowhere to go' : 'This tier never escalates, so the next one is never reached',
    detail: isLast
      ? 'Remove escalate_on and escalate_when, or add a further tier.'
      : 'Add escalate_on or escalate_when, or remove the tiers after it.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function toMessages(block: Block, decoded: DecodedPrompt, site: BlockSite): readonly MessageSpec[] {
  const messages: MessageSpec[] = decoded.system === undefined ? [] : [{ role: 'system', text: decoded.system }]
  for (const message of decoded.message) {
    const role = checkRole(message.block, message.labels[0] ?? '', site)
    if (role === undefined) continue
    if (message.content.text === undefined && message.content.attachments === undefined) {
      site.report.error({
        code: 'config/missing-argument',
        summary: 'The argument "text" is missing',
        detail: 'A message has text, or attachments, or both.',
        subject: message.block.headerRange,
        where: site.where,
        address: site.address,
      })
    }
    messages.push(compact({ role, text: message.content.text, attachments: message.content.attachments as MessageSpec['attachments'] }))
  }
  if (decoded.user !== undefined) messages.push({ role: 'user', text: decoded.user as DeferredText })
  // A message with an error of its own is not missing.
  const isWritten = findAttribute(block, 'user') !== undefined || decoded.message.some(({ labels }) => labels[0] === 'user')
  if (!isWritten) {
    site.report.error({
      code: 'prompt/no-user-message',
      summary: 'A prompt needs a message of the user',
      detail: 'Add user = "…", or message "user" { text = "…" }.',
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
  return messages
}

function checkRole(block: Block, role: string, site: BlockSite): 'user' | 'assistant' | undefined {
  if (role === 'user' || role === 'assistant') return role
  site.report.error({
    code: 'config/not-one-of',
    summary: `"${role}" is not a role of a message`,
    detail: role === 'system' ? 'Write system = "…": it is always the first message.' : 'It may be user or assistant.',
    subject: block.labels[0]?.range ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
  return undefined
}

function warnUnused(input: IoDeclaration, names: DeferredNames, site: BlockSite): void {
  if (input.type.kind !== 'object' || names.used.has('input')) return
  for (const name of input.type.attributes.keys()) {
    if (names.used.has(`input.${name}`)) continue
    const field = input.block.body.items.find(item => item.kind === 'block' && item.type === 'field' && item.labels[0]?.text === name)
    site.report.warning({
      code: 'prompt/unused-input',
      summary: `The input "${name}" is not used by ${site.address}`,
      detail: `Write \${input.${name}} where it belongs, or remove the field.`,
      subject: field?.kind === 'block' ? field.headerRange : input.block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
}

/** The files of `system = template("…")` and the like, for people who read a diff. */
function textFiles(block: Block): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const item of block.body.items) {
    if (item.kind !== 'attribute' || item.expression.kind !== 'call') continue
    const {
      name,
      arguments: [path],
    } = item.expression
    const [part] = path?.kind === 'template' ? path.parts : []
    if ((name === 'template' || name === 'file') && part?.kind === 'text') files[item.name] = part.text
  }
  return files
}
