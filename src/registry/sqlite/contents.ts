import type { Artifact } from '../../artifact/envelope.ts'
import { mapConcurrently } from '../../base/concurrent.ts'
import { type Digest, digestOfText } from '../../base/digest.ts'
import { invariant } from '../../base/invariant.ts'
import type { SqliteStore } from '../../sqlite/database.ts'
import { type Content, type ContentQuery, contentElsewhere, missingContent, readArtifact } from '../content.ts'
import type { ContentPlace, ContentStore, KnownPlace } from '../content-store.ts'

const EXISTS = "SELECT 1 FROM content WHERE digest = ? AND state = 'live'"
const FIND = "SELECT body, locator, key_ref AS keyRef FROM content WHERE digest = ? AND state = 'live'"
const PLACE = 'SELECT locator, key_ref AS keyRef, state FROM content WHERE digest = ? AND locator IS NOT NULL'
const RENEW = "UPDATE content SET offered_at = ? WHERE digest = ? AND state = 'live'"
// The body is written again too: an upload repairs a content that was altered or lost on the disk (ID-8).
const OFFER = `
INSERT INTO content(digest, bytes, media, store, body, locator, key_ref, offered_at, state)
VALUES (@digest, @bytes, 'application/json', @store, @body, @locator, @keyRef, @now, 'live')
ON CONFLICT(digest) DO UPDATE SET bytes = excluded.bytes, store = excluded.store, body = excluded.body, locator = excluded.locator,
  key_ref = excluded.key_ref, offered_at = excluded.offered_at, state = 'live'`

interface ContentRow {
  readonly body: string | null
  readonly locator: string | null
  readonly keyRef: string | null
}

/** Keeps contents in the registry, or, where it has a store and they are large enough for it, there. */
export async function uploadContents(store: SqliteStore, contents: ContentStore | undefined, batch: readonly Content[]): Promise<void> {
  const outside = contents ? batch.filter(({ body }) => Buffer.byteLength(body) >= contents.minBytes) : []
  const places = contents && outside.length > 0 ? await place(store, contents, outside) : new Map<Digest, ContentPlace>()
  await store.write(() => offerContents(store, batch, places))
}

async function place(store: SqliteStore, contents: ContentStore, batch: readonly Content[]): Promise<ReadonlyMap<Digest, ContentPlace>> {
  // Offered anew before it is looked for: from now on it is not collected while it is being put (GC-1).
  const known = await store.write(() => renewPlaces(store, batch))
  const places = await mapConcurrently(batch, contents.concurrency, async content => {
    requireDigest(content)
    return [content.digest, await contents.put(content, known.get(content.digest))] as const
  })
  return new Map(places)
}

function renewPlaces(store: SqliteStore, batch: readonly Content[]): ReadonlyMap<Digest, KnownPlace> {
  const renew = store.prepared(RENEW)
  const find = store.prepared<ContentPlace & { readonly state: string }>(PLACE)
  const now = store.clock.now()
  return new Map(
    batch.flatMap(({ digest }) => {
      renew.run(now, digest)
      const found = find.get(digest)
      return found ? [[digest, { locator: found.locator, keyRef: found.keyRef, deleting: found.state === 'deleting' }] as const] : []
    }),
  )
}

function offerContents(store: SqliteStore, batch: readonly Content[], places: ReadonlyMap<Digest, ContentPlace>): void {
  const offer = store.prepared(OFFER)
  const now = store.clock.now()
  for (const content of batch) {
    const { digest, body } = content
    const placed = places.get(digest)
    if (!placed) requireDigest(content)
    const where = placed
      ? { store: 's3', body: null, locator: placed.locator, keyRef: placed.keyRef }
      : { store: 'inline', body, locator: null, keyRef: null }
    offer.run({ digest, bytes: Buffer.byteLength(body), now, ...where })
  }
}

function requireDigest({ digest, body }: Content): void {
  invariant(digestOfText(body) === digest, 'registry/wrong-digest', `a content was offered under ${digest}, which is not its digest`)
}

export function hasContent(store: SqliteStore, digest: Digest): boolean {
  return store.prepared(EXISTS).get(digest) !== undefined
}

/** Each content is digested before it is used, wherever it was (ID-8). */
export async function readArtifacts(
  store: SqliteStore,
  contents: ContentStore | undefined,
  queries: readonly ContentQuery[],
): Promise<ReadonlyMap<Digest, Artifact>> {
  const unique = [...new Map(queries.map(query => [query.digest, query])).values()]
  const rows = await store.read(() => findContents(store, unique))
  const artifacts = new Map<Digest, Artifact>()
  const outside: { readonly query: ContentQuery; readonly place: ContentPlace }[] = []
  for (const { query, row } of rows) {
    if (typeof row?.locator === 'string') outside.push({ query, place: { locator: row.locator, keyRef: row.keyRef } })
    else if (typeof row?.body === 'string') artifacts.set(query.digest, readArtifact(query, row.body, store.name))
    else throw missingContent(query, store.name)
  }
  const read = await mapConcurrently(outside, contents?.concurrency ?? 1, async ({ query, place }) => {
    if (contents === undefined) throw contentElsewhere(query, place.locator)
    const { body, place: name } = await contents.read(query, place)
    return [query.digest, readArtifact(query, body, name)] as const
  })
  for (const [digest, artifact] of read) artifacts.set(digest, artifact)
  return artifacts
}

function findContents(store: SqliteStore, queries: readonly ContentQuery[]) {
  const find = store.prepared<ContentRow>(FIND)
  return queries.map(query => ({ query, row: find.get(query.digest) }))
}
