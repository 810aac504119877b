import { digestOf } from '../../../base/digest.ts'
import { invariant } from '../../../base/invariant.ts'
import type { JsonValue } from '../../../base/json.ts'
import type { SqliteStore } from '../../../sqlite/database.ts'

/** A connection, in a transaction of the caller's. */
export type Tables = Pick<SqliteStore, 'prepared' | 'clock'>

/** Values above it stand in the blob table, once for all runs that have them (STEP-8). */
const INLINE_BYTES = 32 * 1024

/** A value as a row holds it: its JSON, or `@` and the digest of a blob, which no JSON begins with. */
export interface StoredValue {
  readonly text: string
  readonly blob?: { readonly digest: string; readonly json: string }
}

/** Made before the transaction begins: a long value is digested while nobody waits. */
export function storedValue(value: JsonValue): StoredValue {
  const json = JSON.stringify(value)
  if (json.length * 3 <= INLINE_BYTES || Buffer.byteLength(json) <= INLINE_BYTES) return { text: json }
  const digest = digestOf(value)
  return { text: `@${digest}`, blob: { digest, json } }
}

/** About the bytes that it writes. */
export function storedSize(values: readonly (StoredValue | undefined)[]): number {
  return values.reduce((size, value) => size + (value === undefined ? 0 : value.text.length + (value.blob?.json.length ?? 0)), 0)
}

/** Writes what the value needs besides its row. @returns the text of the row. */
export function keepValue(tables: Tables, run: string, { text, blob }: StoredValue): string {
  if (blob) {
    offerBlob(tables, blob.digest, blob.json)
    useBlob(tables, run, blob.digest)
  }
  return text
}

export function offerBlob({ prepared, clock }: Tables, digest: string, json: string): void {
  prepared(
    'INSERT INTO blob(digest, value, offered_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET offered_at = max(offered_at, excluded.offered_at)',
  ).run(digest, json, clock.now())
}

export function useBlob({ prepared }: Tables, run: string, digest: string): void {
  prepared('INSERT OR IGNORE INTO blob_use(digest, run) VALUES (?, ?)').run(digest, run)
}

export function blobText({ prepared }: Tables, digest: string): string | undefined {
  return prepared<{ value: string }>('SELECT value FROM blob WHERE digest = ?').get(digest)?.value
}

export function readValue(tables: Tables, text: string): JsonValue {
  if (!text.startsWith('@')) return JSON.parse(text) as JsonValue
  const json = blobText(tables, text.slice(1))
  invariant(json !== undefined, 'records/blob-lost', `the value ${text.slice(1)} is named by a run and not there`)
  return JSON.parse(json) as JsonValue
}
