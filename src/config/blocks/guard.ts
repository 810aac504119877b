import { type DetectorSpec, GUARD_ACTIONS, type GuardAction, type GuardSpec, PII_TYPES } from '../../artifact/guard.ts'
import { compact } from '../../base/compact.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Attribute, Block, Expression } from '../../hcl/ast.ts'
import { patternProblem } from '../../hcl/functions/regex.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { bool, integer, json, labels, number, oneOf, strings, text, wordsOf } from '../decode/argument.ts'
import { type BlockSpec, type BodySpec, type Decoded, decodeBody, defaulted, optional, required } from '../decode/body.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import { reference } from '../decode/reference.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredType } from '../decode/type.ts'
import { findAttribute } from '../instances.ts'
import { argumentRange } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'

/** What is looked for unless the block says: addresses of machines and pages are in most texts, and rarely anybody's secret. */
export const USUAL_PII_TYPES = PII_TYPES.filter(type => type !== 'ip' && type !== 'url').sort()
export const USUAL_THRESHOLD = 0.5

const action = optional(oneOf(GUARD_ACTIONS))
const threshold = defaulted(number({ min: 0, max: 1 }), USUAL_THRESHOLD)

const lengthBody = {
  arguments: { min_chars: optional(integer(0)), max_chars: optional(integer(0)), max_tokens: optional(integer(0)), action },
} as const satisfies BodySpec
const patternBody = { arguments: { allow: optional(strings()), deny: optional(strings()), action } } as const satisfies BodySpec
const piiBody = {
  arguments: { types: optional(wordsOf(PII_TYPES)), reversible: defaulted(bool, false), action },
} as const satisfies BodySpec
const scoredBody = { arguments: { threshold, action } } as const satisfies BodySpec
const jsonBody = { arguments: { schema: optional(json), type: optional(declaredType), action } } as const satisfies BodySpec
const judgeBody = {
  arguments: { model: required(reference('model')), rubric: required(text()), threshold, action },
} as const satisfies BodySpec

const guardBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    action: defaulted(oneOf(GUARD_ACTIONS), 'block'),
    on_error: defaulted(oneOf(['block', 'flag']), 'block'),
  },
  blocks: {
    ...META_BLOCKS,
    length: detector(lengthBody),
    pattern: { ...detector(patternBody), many: true },
    pii: detector(piiBody),
    secrets: detector(scoredBody),
    injection: detector(scoredBody),
    json: detector(jsonBody),
    judge: detector(judgeBody),
  },
} as const satisfies BodySpec

/** A detector with its block: their order in the source is the order in which they look. */
interface Written<Content> {
  readonly block: Block
  readonly content: Content
}

function detector<Spec extends BodySpec>(spec: Spec): BlockSpec<Written<Decoded<Spec>>, false> {
  return {
    labels: [],
    many: false,
    decode(block, site) {
      const content = decodeBody(block.body, spec, site, block)
      return content && { block, content }
    },
  }
}

/** A check on text: on what goes into a prompt, or on what comes out. */
export const guard: BlockDefinition<'guard'> = {
  kind: 'guard',
  summary: 'a check on text: personal data, secrets, injection, patterns, a model as judge',
  stability: 'stable',
  body: guardBody,
  compile(block, site) {
    const decoded = decodeBody(block.body, guardBody, site, block)
    if (decoded === undefined) return undefined
    const detectors = detectorsOf(block, decoded, site)
    if (detectors === undefined) return undefined
    const spec: GuardSpec = compact({
      description: decoded.description,
      labels: decoded.labels,
      detectors,
      on_error: decoded.on_error,
    })
    return { spec }
  },
}

function detectorsOf(guardBlock: Block, decoded: Decoded<typeof guardBody>, site: BlockSite): readonly DetectorSpec[] | undefined {
  const before = site.report.errorCount
  const usual = decoded.action
  const found = new Map<Block, DetectorSpec | undefined>()
  const { length, pii, secrets, injection, judge } = decoded
  if (length) found.set(length.block, lengthDetector(length, usual, site))
  for (const pattern of decoded.pattern) found.set(pattern.block, patternDetector(pattern, usual, site))
  if (pii) found.set(pii.block, piiDetector(pii, usual, site))
  if (secrets) found.set(secrets.block, { type: 'secrets', threshold: secrets.content.threshold, action: secrets.content.action ?? usual })
  if (injection) {
    found.set(injection.block, { type: 'injection', threshold: injection.content.threshold, action: injection.content.action ?? usual })
  }
  if (decoded.json) found.set(decoded.json.block, jsonDetector(decoded.json, usual, site))
  if (judge) found.set(judge.block, judgeDetector(judge, usual, site))
  if (found.size === 0) reportEmpty(guardBlock, site)
  if (site.report.errorCount > before) return undefined
  return guardBlock.body.items.flatMap(item => (item.kind === 'block' ? (found.get(item) ?? []) : []))
}

function lengthDetector({ block, content }: Written<Decoded<typeof lengthBody>>, usual: GuardAction, site: BlockSite) {
  const { min_chars, max_chars, max_tokens } = content
  const given = wholeAction(block, content.action, usual, 'A length', site)
  if (min_chars === undefined && max_chars === undefined && max_tokens === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'This length has no limit',
      detail: 'Give it one at least: max_chars = 8000, min_chars or max_tokens.',
      ...placeOf(block, site),
    })
  } else if (min_chars !== undefined && max_chars !== undefined && min_chars > max_chars) {
    site.report.error({
      code: 'config/out-of-range',
      summary: `"max_chars" is ${max_chars}, and less than "min_chars", which is ${min_chars}`,
      detail: 'No text would fit.',
      ...placeOf(block, site, 'max_chars'),
    })
  }
  return given && compact({ type: 'length' as const, action: given, min_chars, max_chars, max_tokens })
}

function patternDetector({ block, content }: Written<Decoded<typeof patternBody>>, usual: GuardAction, site: BlockSite): DetectorSpec {
  const { allow = [], deny = [] } = content
  const chosen = content.action ?? usual
  if (allow.length === 0 && deny.length === 0) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'This pattern looks for nothing',
      detail: 'Give it one at least: deny = ["(?i)internal use only"], or allow = [ … ].',
      ...placeOf(block, site),
    })
  }
  if (allow.length > 0 && chosen === 'redact') {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: 'A text that no pattern allows cannot be redacted: there is nothing to take out',
      detail: 'Write action = "block" or action = "flag" here, and put what is to be taken out into a pattern block of its own, as deny.',
      ...placeOf(block, site, content.action === undefined ? 'allow' : 'action'),
    })
  }
  checkPatterns(block, 'allow', allow, site)
  checkPatterns(block, 'deny', deny, site)
  return { type: 'pattern', action: chosen, allow, deny }
}

function checkPatterns(block: Block, name: string, patterns: readonly string[], site: BlockSite): void {
  patterns.forEach((pattern, index) => {
    const problem = patternProblem(pattern)
    if (problem === undefined) return
    const written = elementOf(findAttribute(block, name), index)
    site.report.error({
      code: 'config/bad-pattern',
      summary: `A pattern of "${name}" cannot be read`,
      detail: `${problem}. Patterns are matched in linear time: there are no look-arounds and no back references.`,
      ...placeOf(block, site, name),
      ...(written && { subject: written.range }),
    })
  })
}

/** The element as it is written, where the list is written out. */
function elementOf(attribute: Attribute | undefined, index: number): Expression | undefined {
  return attribute?.expression.kind === 'tuple' ? attribute.expression.items[index] : undefined
}

function piiDetector({ block, content }: Written<Decoded<typeof piiBody>>, usual: GuardAction, site: BlockSite): DetectorSpec {
  const types = content.types ?? USUAL_PII_TYPES
  const chosen = content.action ?? usual
  if (types.length === 0) {
    site.report.error({
      code: 'config/out-of-range',
      summary: 'The argument "types" is empty, so nothing is looked for',
      detail: 'Name one at least, or leave the argument out.',
      ...placeOf(block, site, 'types'),
    })
  }
  if (content.reversible && chosen !== 'redact') {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `The action is ${chosen}, so there is nothing to put back`,
      detail: 'Write action = "redact" in this block, or remove reversible.',
      ...placeOf(block, site, 'reversible'),
    })
  }
  return { type: 'pii', action: chosen, types, reversible: content.reversible }
}

function jsonDetector({ block, content }: Written<Decoded<typeof jsonBody>>, usual: GuardAction, site: BlockSite) {
  const given = wholeAction(block, content.action, usual, 'JSON that does not fit', site)
  if (content.schema !== undefined && content.type !== undefined) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: '"json" is declared in 2 ways: type and schema',
      detail: 'Keep one of them.',
      ...placeOf(block, site, 'schema'),
    })
  }
  if (content.schema !== undefined && !isJsonObject(content.schema)) {
    site.report.error({
      code: 'config/wrong-type',
      summary: 'The argument "schema" has the wrong type',
      detail: 'Write a JSON Schema as an object, or read one: jsondecode(file("schema.json")).',
      ...placeOf(block, site, 'schema'),
    })
    return undefined
  }
  return given && compact({ type: 'json' as const, action: given, schema: content.type ? toJsonSchema(content.type) : content.schema })
}

function judgeDetector({ block, content }: Written<Decoded<typeof judgeBody>>, usual: GuardAction, site: BlockSite) {
  const { model, rubric } = content
  const given = wholeAction(block, content.action, usual, 'What a judge finds', site)
  return given && { type: 'judge' as const, action: given, model, rubric, threshold: content.threshold }
}

/** The action of a detector that looks at a text as a whole. */
function wholeAction(
  block: Block,
  own: GuardAction | undefined,
  usual: GuardAction,
  what: string,
  site: BlockSite,
): 'block' | 'flag' | undefined {
  const chosen = own ?? usual
  if (chosen !== 'redact') return chosen
  site.report.error({
    code: 'config/conflicting-arguments',
    summary: `${what} cannot be redacted: it has no part that could be taken out`,
    detail: `Write action = "block" or action = "flag" in this block${own === undefined ? '; without it, the action of the guard counts' : ''}.`,
    ...placeOf(block, site, 'action'),
  })
  return undefined
}

function reportEmpty(block: Block, site: BlockSite): void {
  site.report.error({
    code: 'guard/empty',
    summary: `${site.address} looks for nothing`,
    detail: 'Add a detector: pii {}, secrets {}, injection {}, json {}, or a block length, pattern or judge.',
    ...placeOf(block, site),
  })
}

function placeOf(block: Block, site: BlockSite, argument?: string) {
  const written = argument === undefined ? undefined : argumentRange(block, argument)
  return { subject: written ?? block.headerRange, where: site.where, address: site.address }
}
