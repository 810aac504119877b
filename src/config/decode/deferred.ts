import type { Deferred, DeferredText, SecretText } from '../../artifact/deferred.ts'
import type { JsonValue } from '../../base/json.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { fold } from '../../hcl/fold.ts'
import { toJson } from '../../hcl/json-value.ts'
import { printExpression, printTemplateText } from '../../hcl/print.ts'
import { ANY, BOOL, STRING, type Type } from '../../hcl/type.ts'
import { children, deepMarks, isWhollyKnown, SECRET, SENSITIVE, type Value } from '../../hcl/value.ts'
import type { ArgumentDecoder } from './body.ts'
import type { ArgumentSite } from './site.ts'
import { convertArgument, mayEnterArtifact, placeOf } from './value.ts'

/** The text of a stored expression may be this long; the engine parses it once per artifact. */
const EXPRESSION_TEXT_LIMIT = 64 * 1024

/** Text that may depend on deferred names: a literal when it does not. */
export const deferredText: ArgumentDecoder<DeferredText> = site => deferred(site, STRING) as DeferredText | undefined

/** A condition over deferred names; `true` and `false` when it is known. */
export const deferredBool: ArgumentDecoder<Deferred> = site => deferred(site, BOOL)

/** Any value with deferred parts at its leaves. */
export const deferredJson: ArgumentDecoder<Deferred> = site => deferred(site, ANY)

/** A value of the type, known or deferred. */
export function deferredOf(type: Type): ArgumentDecoder<Deferred> {
  return site => deferred(site, type)
}

function deferred(site: ArgumentSite, type: Type): Deferred | undefined {
  const context = site.deferred ?? site.evaluation
  const { expression } = site.attribute
  const value = evaluate(expression, context)
  if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
  if (deepMarks(value) & (SENSITIVE | SECRET)) {
    mayEnterArtifact(site, value)
    return undefined
  }
  const converted = convertArgument(site, value, type)
  if (converted === undefined) return undefined
  if (holdsReference(converted)) return refuseReference(site)
  if (isWhollyKnown(converted)) return escapeKeys(toJson(converted))
  return stored(site, fold(expression, context))
}

function holdsReference(value: Value): boolean {
  return value.kind === 'capsule' || [...children(value)].some(holdsReference)
}

function refuseReference(site: ArgumentSite): undefined {
  site.report.error({
    code: 'config/wrong-type',
    summary: `The argument "${site.attribute.name}" holds a block, and a block is not a value`,
    detail: 'Read what is wanted of it, such as model.NAME.id or prompt.NAME.version.',
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

/** A residual expression as an artifact holds it (blocks.md 7.1). */
function stored(site: ArgumentSite, expression: Expression): Deferred | undefined {
  if (expression.kind === 'parentheses') return stored(site, expression.expression)
  if (expression.kind === 'literal') return expression.value
  if (expression.kind === 'template' && !expression.isWrap) return withinLimit(site, { $template: printTemplateText(expression.parts) })
  if (expression.kind === 'object') return storedObject(site, expression)
  if (expression.kind === 'tuple') {
    const items = expression.items.map(item => stored(site, item))
    return items.includes(undefined) ? undefined : (items as readonly JsonValue[])
  }
  return withinLimit(site, { $expr: printExpression(expression) })
}

function storedObject(site: ArgumentSite, expression: Extract<Expression, { kind: 'object' }>): Deferred | undefined {
  const entries: [string, Deferred][] = []
  for (const { key, value } of expression.items) {
    // A key that is known only later makes the whole object an expression.
    if (key.kind !== 'literal') return withinLimit(site, { $expr: printExpression(expression) })
    const item = stored(site, value)
    if (item === undefined) return undefined
    entries.push([escapeKey(String(key.value)), item])
  }
  return Object.fromEntries(entries) as JsonValue
}

function withinLimit<T extends { readonly $expr: string } | { readonly $template: string }>(site: ArgumentSite, form: T): T | undefined {
  const [written = ''] = Object.values(form) as string[]
  if (Buffer.byteLength(written) <= EXPRESSION_TEXT_LIMIT || '$template' in form) return form
  site.report.error({
    code: 'config/expression-too-long',
    summary: `The expression of "${site.attribute.name}" is too long`,
    detail: `Folded, it has ${Buffer.byteLength(written)} bytes, and at most ${EXPRESSION_TEXT_LIMIT} are stored. Move large values into the input or a file.`,
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

/** An author's key that starts with `$` gets one more, so that it is not taken for a form of ours. */
function escapeKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(escapeKeys)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [escapeKey(key), escapeKeys(member)]))
}

export function escapeKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

/**
 * A secret or text with secrets in it, for arguments that take `secret()`.
 *
 * @param plainAllowed whether text without any secret is accepted too (`headers`), or refused (`api_key`).
 */
export function secretText(options: { readonly plainAllowed: true }): ArgumentDecoder<string | SecretText>
export function secretText(options: { readonly plainAllowed: false }): ArgumentDecoder<SecretText>
export function secretText(options: { readonly plainAllowed: boolean }): ArgumentDecoder<string | SecretText> {
  return site => secretOf(site, site.attribute.expression, options.plainAllowed)
}

/** Headers and the like: an object whose values may be secrets. */
export const secretMap: ArgumentDecoder<Readonly<Record<string, string | SecretText>>> = site => {
  const value = evaluate(site.attribute.expression, site.evaluation)
  if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
  const residual = fold(site.attribute.expression, site.evaluation)
  if (residual.kind !== 'object') {
    convertArgument(site, value, { kind: 'map', element: STRING })
    return undefined
  }
  const entries: [string, string | SecretText][] = []
  for (const { key, value: member } of residual.items) {
    const text = secretOf(site, member, true)
    if (text === undefined || key.kind !== 'literal') return undefined
    entries.push([String(key.value), text])
  }
  return Object.fromEntries(entries)
}

function secretOf(site: ArgumentSite, expression: Expression, plainAllowed: boolean): string | SecretText | undefined {
  const value = evaluate(expression, site.evaluation)
  if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
  if (!(deepMarks(value) & SECRET)) return plainText(site, expression, value, plainAllowed)
  const parts = secretParts(fold(expression, site.evaluation))
  if (parts === undefined) {
    site.report.error({
      code: 'config/secret-not-allowed',
      summary: `The secret in "${site.attribute.name}" cannot be computed with`,
      detail: 'A secret may stand alone or inside of a text, as in "Bearer ${secret("NAME")}".',
      ...placeOf(site, expression),
    })
    return undefined
  }
  const [first] = parts
  return parts.length === 1 && typeof first === 'object' ? first : { $join: parts }
}

function plainText(site: ArgumentSite, expression: Expression, value: Value, plainAllowed: boolean): string | undefined {
  const converted = convertArgument(site, value, STRING)
  if (converted === undefined) return undefined
  if (plainAllowed) return mayEnterArtifact(site, converted) && converted.kind === 'string' ? converted.value : undefined
  site.report.error({
    ...placeOf(site, site.attribute.expression),
    // The message must not show to a log what it asks to take out of a file.
    subject: concealed(expression.range),
    code: 'config/plain-secret',
    summary: `The argument "${site.attribute.name}" holds a key as plain text`,
    detail:
      'It would be stored and shown to everybody who can read the configuration. Put it into the environment, and write secret("NAME").',
  })
  return undefined
}

/** The place, in a copy of its source that shows a word instead of what stands there: neither value nor length. */
export function concealed({ source, start, end }: SourceRange): SourceRange {
  const shown = '"(a plain key)"'
  const text = source.text.slice(0, start) + shown + source.text.slice(end)
  return { source: { name: source.name, text }, start, end: start + shown.length }
}

type SecretPart = string | { readonly $secret: string }

/** `secret("X")` alone, or a template of texts and such calls. */
function secretParts(expression: Expression): readonly SecretPart[] | undefined {
  if (expression.kind === 'parentheses') return secretParts(expression.expression)
  if (expression.kind === 'literal' && typeof expression.value === 'string') return [expression.value]
  if (expression.kind === 'call' && expression.name === 'secret') {
    const name = literalText(expression.arguments[0])
    return name === undefined ? undefined : [{ $secret: name }]
  }
  if (expression.kind !== 'template') return undefined
  const parts: SecretPart[] = []
  for (const part of expression.parts) {
    const inner = part.kind === 'text' ? [part.text] : part.kind === 'interpolation' ? secretParts(part.expression) : undefined
    if (inner === undefined) return undefined
    parts.push(...inner)
  }
  return parts
}

function literalText(expression: Expression | undefined): string | undefined {
  if (expression?.kind === 'literal' && typeof expression.value === 'string') return expression.value
  if (expression?.kind !== 'template') return undefined
  const [only] = expression.parts
  return expression.parts.length === 1 && only?.kind === 'text' ? only.text : undefined
}
