import { hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import type { JsonValue } from './json.ts'

/** `sha256:` and 64 hex digits. */
export type Digest = `sha256:${string}`

/** The digest of a JSON value: SHA-256 over its canonical form (ID-1). */
export function digestOf(value: JsonValue): Digest {
  return digestOfText(canonicalJson(value))
}

/** The digest of UTF-8 text or bytes, as they are. */
export function digestOfText(text: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', text)}`
}

/** The eight hex digits that people see; JSON output carries the whole digest. */
export function shortDigest(digest: string): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 8)
}
