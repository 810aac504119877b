import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { compact } from '../base/compact.ts'
import { bucketFailure, ForeignAnswer, isConditionFailure, isMissingObject, regionMissing } from './bucket-failure.ts'

/** An endpoint of one's own, MinIO say, has no regions; a signature needs the name of one. */
const REGION_OF_ENDPOINTS = 'us-east-1'
const CONNECTION_TIMEOUT_MS = 5000
/** Of one request; a request that fails is tried three times, as the SDK does. */
const REQUEST_TIMEOUT_MS = 30_000

/** Where buckets are, and who asks. Without keys the SDK looks where AWS tools look: variables, profiles, the machine's role. */
export interface BucketAccess {
  readonly region?: string
  readonly endpoint?: string
  readonly forcePathStyle: boolean
  readonly profile?: string
  readonly keys?: { readonly access: string; readonly secret: string }
  /** S3 encrypts what is put with this key of KMS. */
  readonly encryptionKeyId?: string
}

/** One bucket, its objects being UTF-8 texts. Failures are OperationErrors `s3/…`, which name bucket and key. */
export interface Bucket {
  /** As a person would name it: `s3://acme-prompts`. */
  readonly name: string
  get(key: string): Promise<StoredObject | undefined>
  /** What identifies the object's present content; undefined: there is no such object. */
  etag(key: string): Promise<string | undefined>
  put(key: string, body: string): Promise<WrittenObject>
  /** Writes if the condition holds; `conflict` wrote nothing, or an earlier try of the same request had written it already. */
  putIf(key: string, body: string, condition: PutCondition): Promise<PutOutcome>
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>
  /** All keys with the prefix, in their order. */
  list(prefix: string): Promise<readonly string[]>
}

export interface StoredObject {
  readonly body: string
  readonly etag: string
}

/** `absent`: only if there is no such object. Else only if the object still has this ETag. */
export type PutCondition = 'absent' | { readonly etag: string }

export interface WrittenObject {
  readonly etag: string
}

export type PutOutcome = ({ readonly outcome: 'written' } & WrittenObject) | { readonly outcome: 'conflict' }

/** The buckets that one identity reaches. */
export interface Buckets {
  bucket(name: string): Bucket
  close(): void
}

/**
 * Loads the SDK (100 ms), so it is called when a bucket is used and not before.
 *
 * @throws OperationError `s3/no-region`.
 */
export async function openBuckets(access: BucketAccess): Promise<Buckets> {
  const sdk = await import('@aws-sdk/client-s3')
  const { region = access.endpoint === undefined ? undefined : REGION_OF_ENDPOINTS, endpoint, profile, keys } = access
  const client = new sdk.S3Client({
    ...compact({ region, endpoint, profile }),
    ...(keys && { credentials: { accessKeyId: keys.access, secretAccessKey: keys.secret } }),
    forcePathStyle: access.forcePathStyle,
    followRegionRedirects: true,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, throwOnRequestTimeout: true },
    // Other servers than Amazon's refuse or drop the SDK's trailing checksums; whoever reads compares a digest of its own.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  await client.config.region().catch(cause => {
    throw regionMissing(cause)
  })
  return { bucket: name => createBucket(sdk, client, name, access.encryptionKeyId), close: () => client.destroy() }
}

function createBucket(sdk: typeof import('@aws-sdk/client-s3'), client: S3Client, Bucket: string, keyId: string | undefined): Bucket {
  const encryption = keyId === undefined ? {} : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyId } as const)
  const name = `s3://${Bucket}`
  const attempt = async <T>(verb: 'reading' | 'writing' | 'deleting' | 'listing', key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw bucketFailure(error, { bucket: name, verb, key })
    }
  }
  const write = async (input: Pick<PutObjectCommandInput, 'Key' | 'Body' | 'IfMatch' | 'IfNoneMatch'>): Promise<WrittenObject> => {
    const answer = await client.send(new sdk.PutObjectCommand({ Bucket, ContentType: 'application/json', ...encryption, ...input }))
    return { etag: required(answer.ETag) }
  }
  return {
    name,
    get: Key =>
      attempt('reading', Key, () =>
        ifPresent(async () => {
          const { Body, ETag } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }))
          return { body: (await Body?.transformToString()) ?? '', etag: required(ETag) }
        }),
      ),
    etag: Key =>
      attempt('reading', Key, () => ifPresent(async () => required((await client.send(new sdk.HeadObjectCommand({ Bucket, Key }))).ETag))),
    put: (Key, Body) => attempt('writing', Key, () => write({ Key, Body })),
    putIf: (Key, Body, condition) =>
      attempt('writing', Key, async () => {
        const asked = condition === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag }
        try {
          return { outcome: 'written', ...(await write({ Key, Body, ...asked })) }
        } catch (error) {
          if (isConditionFailure(error)) return { outcome: 'conflict' }
          throw error
        }
      }),
    delete: Key =>
      attempt('deleting', Key, async () => {
        await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }))
      }),
    list: Prefix =>
      attempt('listing', Prefix, async () => {
        const keys: string[] = []
        for await (const { Name, Contents = [] } of sdk.paginateListObjectsV2({ client }, { Bucket, Prefix })) {
          required(Name)
          keys.push(...Contents.flatMap(({ Key }) => Key ?? []))
        }
        return keys
      }),
  }
}

/** Every answer of S3 has it: without it a proxy has answered, say with a page to sign in. */
function required(member: string | undefined): string {
  if (member === undefined) throw new ForeignAnswer('The answer is not one of S3')
  return member
}

async function ifPresent<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isMissingObject(error)) return undefined
    throw error
  }
}
