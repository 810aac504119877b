import { randomUUID } from 'node:crypto'
import type { Bucket, Buckets } from '../aws/bucket.ts'
import type { KeyContext, KeyService } from '../aws/key-service.ts'
import type { Digest } from '../base/digest.ts'
import { invariant } from '../base/invariant.ts'
import { lazy } from '../base/lazy.ts'
import { open, parseEnvelope, seal } from '../base/sealing.ts'
import { type Content, type ContentQuery, missingContent, newerContent, undecryptableContent } from './content.ts'
import type { ContentStore, KnownPlace } from './content-store.ts'

export interface S3ContentsOptions {
  readonly bucket: string
  /** Begins the keys of all objects: `flowrun/`. */
  readonly prefix: string
  readonly minBytes: number
  readonly concurrency: number
  /** Each content is sealed with a data key of its own under this key of KMS; else it is stored as the bucket encrypts. */
  readonly keyId?: string
  /** Called when a content is first put or read: a plan without changes loads no SDK. */
  readonly openBuckets: () => Promise<Buckets>
  readonly openKeys: () => Promise<KeyService>
}

/** Contents as objects of a bucket, named by their digests. A sealed one has its encrypted data key beside it, in one object. */
export function createS3Contents(options: S3ContentsOptions): ContentStore {
  const { bucket: bucketName, prefix, minBytes, keyId } = options
  const buckets = lazy(options.openBuckets)
  const keys = lazy(options.openKeys)

  async function sealed({ digest, body }: Content): Promise<string> {
    if (keyId === undefined) return body
    const context = contextOf(digest)
    return seal(body, await (await keys.get()).generateDataKey(keyId, context), {}, context)
  }
  async function opened(query: ContentQuery, text: string, place: string): Promise<string> {
    const parsed = parseEnvelope(text)
    // As it was put, or as somebody has written it since: its digest tells.
    if (parsed.kind === 'plain') return text
    if (parsed.kind === 'newer') throw newerContent(query, parsed.format)
    if (parsed.kind === 'malformed' || parsed.envelope.source.provider !== 'kms') throw undecryptableContent(query, place)
    const { envelope } = parsed
    const context = contextOf(query.digest)
    // The key that it says, not the one of the settings: that may have been replaced since.
    const key = await (await keys.get()).decrypt(parsed.envelope.source.key_id, parsed.envelope.source, context)
    const plain = key && open(envelope, key, context)
    if (plain === undefined) throw undecryptableContent(query, place)
    return plain.toString()
  }
  return {
    name: `s3://${bucketName}/${prefix}`,
    minBytes,
    concurrency: options.concurrency,
    async put(content, known) {
      const bucket = (await buckets.get()).bucket(bucketName)
      const keyRef = keyId ?? null
      const key = keyFor(content.digest, known, options)
      if (known && known.keyRef === keyRef && (await isThere(bucket, key, known))) return known
      const { etag } = await bucket.put(key, await sealed(content))
      return { locator: locatorOf({ bucket: bucketName, key, etag }), keyRef }
    },
    async read(query, { locator }) {
      const { bucket, key } = placeOf(locator)
      const place = `s3://${bucket}/${key}`
      const found = await (await buckets.get()).bucket(bucket).get(key)
      if (found === undefined) throw missingContent(query, place)
      return { body: await opened(query, found.body, place), place }
    },
    close() {
      buckets.end(opened => opened.close())
      keys.end(opened => opened.close())
    },
  }
}

/** Bound to what is sealed, and seen in the log of KMS: who read which text, and when. */
function contextOf(digest: Digest): KeyContext & { readonly digest: string } {
  return { use: 'flowrun content', digest }
}

interface Place {
  readonly bucket: string
  readonly key: string
  /** Of the object as it was put: with the same one nobody has changed it since. */
  readonly etag: string
}

function locatorOf({ bucket, key, etag }: Place): string {
  return `s3://${bucket}/${key}#${etag}`
}

function placeOf(locator: string): Place {
  const [, bucket, key, etag] = /^s3:\/\/([^/]+)\/(.+)#([^#]*)$/.exec(locator) ?? []
  invariant(bucket !== undefined && key !== undefined && etag !== undefined, 'registry/locator', `${locator} is no place in a bucket`)
  return { bucket, key, etag }
}

function keyFor(digest: Digest, known: KnownPlace | undefined, { bucket, prefix }: Pick<S3ContentsOptions, 'bucket' | 'prefix'>): string {
  const name = `${prefix}${digest.replace(':', '/')}`
  // Whatever is put where something is being deleted goes with it (GC-2).
  if (known?.deleting) return `${name}.${randomUUID().slice(0, 8)}.json`
  const place = known && placeOf(known.locator)
  return place?.bucket === bucket && place.key.startsWith(name) ? place.key : `${name}.json`
}

async function isThere(bucket: Bucket, key: string, { locator }: KnownPlace): Promise<boolean> {
  const place = placeOf(locator)
  return `s3://${place.bucket}` === bucket.name && place.key === key && (await bucket.etag(key)) === place.etag
}
