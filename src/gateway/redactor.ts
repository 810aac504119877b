/** Replaces known secret values in text that came from elsewhere, before it is kept or shown. */
export interface Redactor {
  learn(name: string, value: string): void
  /** Each known value, in any of the forms below, becomes `(secret NAME)`. */
  redact(text: string): string
}

/** Shorter values are in too many words; nobody's key is so short. */
const SHORTEST_SECRET = 4

export function createRedactor(): Redactor {
  const names = new Map<string, string>()
  let forms: readonly (readonly [form: string, replacement: string])[] = []
  return {
    learn(name, value) {
      if (value.length < SHORTEST_SECRET || names.get(value) === name) return
      names.set(value, name)
      // Longest first: one secret may contain another.
      forms = [...names]
        .flatMap(([text, of]) => formsOf(text).map(form => [form, `(secret ${of})`] as const))
        .sort(([a], [b]) => b.length - a.length)
    },
    redact(text) {
      if (forms.length === 0) return text
      let redacted = text
      for (const [form, replacement] of forms) redacted = redacted.replaceAll(form, replacement)
      return withoutMasked(redacted, names)
    },
  }
}

/** As it is, as in a URL, in JSON, and in base64. */
function formsOf(value: string): readonly string[] {
  return [...new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')])]
}

/** What a provider puts in place of the middle of a key: `sk-ab****wxyz`, `sk-ab...wxyz`. */
const MASK = /\*{3,}|•{2,}|…+|\.{3,}|x{6,}/g
/** Fewer characters of a key around a mask are chance. */
const SHORTEST_MASKED = 3

/** Takes out keys that are shown in part: their beginning, too, is nobody's business. */
function withoutMasked(text: string, names: ReadonlyMap<string, string>): string {
  let result = ''
  let from = 0
  for (const { index, 0: mask } of text.matchAll(MASK)) {
    for (const [value, name] of names) {
      const head = commonLength(value.length, length => text.endsWith(value.slice(0, length), index))
      const tail = commonLength(value.length, length => text.startsWith(value.slice(value.length - length), index + mask.length))
      if (index - head < from || head + tail < SHORTEST_MASKED) continue
      result += `${text.slice(from, index - head)}(secret ${name})`
      from = index + mask.length + tail
      break
    }
  }
  return result + text.slice(from)
}

/** The greatest length below `limit` for which it holds; 0 when there is none. */
function commonLength(limit: number, holds: (length: number) => boolean): number {
  for (let length = limit - 1; length > 0; length--) if (holds(length)) return length
  return 0
}
