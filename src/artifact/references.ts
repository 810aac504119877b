import { isJsonObject, type JsonValue } from '../base/json.ts'

/** The addresses and secrets that a spec names, sorted and without duplicates: what the envelope declares (blocks.md 7.2). */
export function collectReferences(spec: unknown): { readonly refs: readonly string[]; readonly secrets: readonly string[] } {
  const refs = new Set<string>()
  const secrets = new Set<string>()
  visit(spec as JsonValue, refs, secrets)
  return { refs: [...refs].sort(), secrets: [...secrets].sort() }
}

function visit(value: JsonValue, refs: Set<string>, secrets: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, refs, secrets)
  } else if (isJsonObject(value)) {
    if (typeof value.$ref === 'string') refs.add(value.$ref)
    if (typeof value.$secret === 'string') secrets.add(value.$secret)
    for (const member of Object.values(value)) visit(member, refs, secrets)
  }
}
