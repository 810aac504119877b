/** Replaces known secret values in text that came from elsewhere, before it is kept or shown. */
export interface Redactor {
  learn(name: string, value: string): void
  /** Each known value, in any of the forms below, becomes `(secret NAME)`. */
  redact(text: string): string
}

/** Shorter values are in too many words; nobody's key is so short. */
const SHORTEST_SECRET = 4

/** How a provider shows a part of a key: `sk-ab****wxyz`, `sk-ab...wxyz`. */
const MASKED = /([\w.~+/=-]*?)(?:\*{3,}|•{2,}|…+|\.{3,}|x{6,})([\w~+/=-]*)/g
const SHORTEST_MASKED_PART = 2

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
      return redacted.replace(MASKED, (masked: string, head: string, tail: string) => {
        for (const [value, name] of names) if (isMasked(value, head, tail)) return `(secret ${name})`
        return masked
      })
    },
  }
}

/** As it is, as in a URL, in JSON, and in base64. */
function formsOf(value: string): readonly string[] {
  return [...new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')])]
}

function isMasked(value: string, head: string, tail: string): boolean {
  return (
    head.length + tail.length >= SHORTEST_MASKED_PART &&
    head.length + tail.length < value.length &&
    value.startsWith(head) &&
    value.endsWith(tail)
  )
}
