import type { Artifact } from '../../artifact/envelope.ts'
import { type Digest, digestOfText } from '../../base/digest.ts'
import { invariant } from '../../base/invariant.ts'
import { type Content, type ContentQuery, missingContent, readArtifact } from '../content.ts'
import type { SqliteStore } from './database.ts'

const EXISTS = "SELECT 1 FROM content WHERE digest = ? AND state = 'live'"
const BODY = "SELECT body FROM content WHERE digest = ? AND state = 'live'"
// The body is written again too: an upload repairs a content that was altered or lost on the disk (ID-8).
const OFFER = `
INSERT INTO content(digest, bytes, media, store, body, offered_at, state) VALUES (?, ?, 'application/json', 'inline', ?, ?, 'live')
ON CONFLICT(digest) DO UPDATE SET offered_at = excluded.offered_at, bytes = excluded.bytes, body = excluded.body, state = 'live'`

export function offerContents(store: SqliteStore, batch: readonly Content[]): void {
  const offer = store.prepared(OFFER)
  const now = store.clock.now()
  for (const { digest, body } of batch) {
    invariant(digestOfText(body) === digest, 'registry/wrong-digest', `a content was offered under ${digest}, which is not its digest`)
    offer.run(digest, Buffer.byteLength(body), body, now)
  }
}

export function hasContent(store: SqliteStore, digest: Digest): boolean {
  return store.prepared(EXISTS).get(digest) !== undefined
}

export function readArtifacts(store: SqliteStore, queries: readonly ContentQuery[]): ReadonlyMap<Digest, Artifact> {
  const select = store.prepared<{ body: string | null }>(BODY)
  const artifacts = new Map<Digest, Artifact>()
  for (const query of queries) {
    if (artifacts.has(query.digest)) continue
    const body = select.get(query.digest)?.body
    if (typeof body !== 'string') throw missingContent(query, store.name)
    artifacts.set(query.digest, readArtifact(query, body, store.name))
  }
  return artifacts
}
