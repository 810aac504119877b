import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { ValueChange } from '../plan/value-diff.ts'
import { formatDuration, formatMoney, formatPrice } from './format-number.ts'
import type { Style } from './style.ts'
import { showControls, truncate } from './text-width.ts'

/** Cells of one value in a plan; `-v` and JSON have it whole. */
const VALUE_WIDTH_MAX = 72

const PER_MILLION = ' per 1M'

/** A value of an artifact as configuration would write it; durations and money with their unit. */
export function valueText(value: JsonValue, key = ''): string {
  if (typeof value === 'number') return numberText(value, key)
  if (typeof value === 'string') return showControls(JSON.stringify(value))
  if (Array.isArray(value)) return `[${value.map(item => valueText(item)).join(', ')}]`
  if (!isJsonObject(value)) return String(value)
  return deferredText(value) ?? objectText(value)
}

function numberText(value: number, key: string): string {
  if (key.endsWith('_ms')) return formatDuration(value)
  if (key.endsWith('_nano_per_m')) return `${formatPrice(value)}${PER_MILLION}`
  return key.endsWith('_nano') ? formatMoney(value) : String(value)
}

/** References, secrets and what is evaluated later, as they are written. */
function deferredText(value: JsonObject): string | undefined {
  if (typeof value.$ref === 'string') return typeof value.version === 'number' ? `pin(${value.$ref}, ${value.version})` : value.$ref
  if (typeof value.$expr === 'string') return showControls(value.$expr)
  if (typeof value.$template === 'string') return showControls(JSON.stringify(value.$template))
  if (typeof value.$secret === 'string') return `secret(${JSON.stringify(value.$secret)})`
  if (!Array.isArray(value.$join)) return undefined
  const parts = value.$join.map(part => (typeof part === 'string' ? JSON.stringify(part).slice(1, -1) : `\${${valueText(part)}}`))
  return showControls(`"${parts.join('')}"`)
}

function objectText(value: JsonObject): string {
  const members = Object.entries(value).map(([key, member]) => `${withoutUnit(key)} = ${valueText(member, key)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

/** `timeout_ms` is the argument `timeout`, `price.input_nano_per_m` is `price.input`. */
export function withoutUnit(path: string): string {
  return path.replace(/_(ms|nano|nano_per_m)$/, '')
}

/** `"gpt-4o-mini" → "gpt-4.1-mini"`, `not set → 0.2`. */
export function valueChangeText(change: ValueChange, style: Style, verbose = false): string {
  const side = (value: JsonValue | undefined) => {
    if (value === undefined) return 'not set'
    const text = change.isType && typeof value === 'string' ? value : valueText(value, change.path)
    return verbose ? text : truncate(text, VALUE_WIDTH_MAX, style.glyphs.ellipsis)
  }
  // The unit of a price is said once: `$0.15 → $0.40 per 1M`.
  const isPrice = change.path.endsWith('_nano_per_m') && change.after !== undefined
  const before = isPrice ? side(change.before).replace(PER_MILLION, '') : side(change.before)
  return `${before} ${style.glyphs.arrow} ${side(change.after)}`
}
