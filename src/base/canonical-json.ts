import type { JsonObject, JsonValue } from './json.ts'

/**
 * Canonical JSON by RFC 8785: no whitespace, keys sorted by UTF-16 code units, numbers as ECMAScript prints them.
 * JSON.stringify already writes numbers and escapes as the RFC asks, so only key order is ours.
 * A lone surrogate is refused: JSON.stringify would escape it and UTF-8 would replace it, two digests for one text (NUM-4).
 *
 * @throws RangeError on NaN, an infinity or a lone surrogate.
 */
export function canonicalJson(value: JsonValue): string {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new RangeError('a lone surrogate has no canonical form')
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError(`${value} has no canonical form`)
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    default:
      return value === null ? 'null' : canonicalContainer(value)
  }
}

function canonicalContainer(value: readonly JsonValue[] | JsonObject): string {
  let text = ''
  if (isArray(value)) {
    for (const item of value) text += text === '' ? canonicalJson(item) : `,${canonicalJson(item)}`
    return `[${text}]`
  }
  // The default sort compares UTF-16 code units, which is the order that the RFC asks for.
  for (const key of Object.keys(value).sort()) {
    const member = value[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${canonicalJson(key)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** `Array.isArray` does not narrow a readonly array away. */
const isArray: (value: readonly JsonValue[] | JsonObject) => value is readonly JsonValue[] = Array.isArray
