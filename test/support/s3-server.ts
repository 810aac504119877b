import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** The account of the server. */
export const S3_KEYS = {
  AWS_ACCESS_KEY_ID: 'AKIAFLOWRUNTESTS0001',
  AWS_SECRET_ACCESS_KEY: 'c2VjcmV0IG9mIHRoZSB0ZXN0cw',
  AWS_REGION: 'eu-central-1',
} as const

/** Buckets over HTTP as S3 has them: conditional writes, pages of listings, its errors. Buckets stand before the test begins. */
export interface S3Server {
  readonly url: string
  /** `PUT acme/flowrun/x.json if-none-match:*`, in the order in which they came. */
  readonly requests: readonly string[]
  /** The objects of a bucket, to look at and to damage; a new bucket for a new name. */
  bucket(name: string): Map<string, S3Object>
  /** From now on the server goes wrong in this way; undefined: it is well again. */
  fail(fault: S3Fault | undefined): void
  /** The same as data, for a transcript. */
  script(...steps: readonly S3Step[]): void
  close(): Promise<void>
}

export interface S3Object {
  readonly body: string
  readonly etag: string
  /** The key of KMS that the bucket was asked to encrypt with. */
  readonly encryptedWith?: string
}

export interface S3Fault {
  /** Of requests whose line holds this text; of all without it. */
  readonly where?: string
  /** Only so many times. */
  readonly times?: number
  /** `conditions`: it writes whatever the conditions say. `answer`: it does as asked, and the answer is lost. */
  readonly kind: 'status' | 'cut' | 'conditions' | 'answer' | 'page'
  readonly status?: number
  readonly code?: string
}

/** A fault that stays, health, or a hand on the objects. */
export type S3Step =
  | S3Fault
  | { readonly kind: 'well' }
  | { readonly kind: 'lose'; readonly bucket: string; readonly where: string }
  | { readonly kind: 'alter'; readonly bucket: string; readonly where: string; readonly before: string; readonly after: string }
  | { readonly kind: 'put'; readonly bucket: string; readonly key: string; readonly body: string }

/** So small that a test of 35 objects reads several. */
const KEYS_IN_PAGE = 10

export function s3Object(body: string): S3Object {
  return { body, etag: `"${createHash('md5').update(body).digest('hex')}"` }
}

export async function startS3Server(...names: readonly string[]): Promise<S3Server> {
  const requests: string[] = []
  const buckets = new Map<string, Map<string, S3Object>>(names.map(name => [name, new Map()]))
  const bucket = (name: string) => {
    const found = buckets.get(name) ?? new Map<string, S3Object>()
    buckets.set(name, found)
    return found
  }
  let fault: S3Fault | undefined
  let left = Number.POSITIVE_INFINITY
  const fail = (next: S3Fault | undefined) => {
    fault = next
    left = next?.times ?? Number.POSITIVE_INFINITY
  }
  const takeFault = (line: string): S3Fault | undefined => {
    if (fault === undefined || left <= 0 || !line.includes(fault.where ?? '')) return undefined
    left--
    return fault
  }
  const server = createServer((request, response) => {
    answer(request, response, { requests, buckets, takeFault }).catch(error => response.destroy(error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bucket,
    fail,
    script(...steps) {
      for (const step of steps) takeStep(step, bucket, fail)
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A server with the buckets that transcripts name. */
export function startS3ServerWithBuckets(): Promise<S3Server> {
  return startS3Server('acme-state', 'acme-prompts')
}

function takeStep(step: S3Step, bucket: S3Server['bucket'], fail: S3Server['fail']): void {
  if (step.kind === 'well') fail(undefined)
  else if (step.kind === 'put') bucket(step.bucket).set(step.key, s3Object(step.body))
  else if (step.kind !== 'lose' && step.kind !== 'alter') fail(step)
  else {
    const objects = bucket(step.bucket)
    for (const [key, { body }] of [...objects].filter(([key]) => key.includes(step.where))) {
      if (step.kind === 'lose') objects.delete(key)
      else objects.set(key, s3Object(body.replace(step.before, step.after)))
    }
  }
}

interface World {
  readonly requests: string[]
  readonly buckets: ReadonlyMap<string, Map<string, S3Object>>
  takeFault(line: string): S3Fault | undefined
}

async function answer(request: IncomingMessage, response: ServerResponse, world: World): Promise<void> {
  const body = await text(request)
  const url = new URL(request.url ?? '/', 'http://s3')
  const [bucketName = '', ...rest] = url.pathname.slice(1).split('/').map(decodeURIComponent)
  const key = rest.join('/')
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  const condition = ifMatch ? ` if-match:${ifMatch}` : ifNoneMatch ? ` if-none-match:${ifNoneMatch}` : ''
  const line = `${request.method} ${bucketName}/${key}${condition}`
  world.requests.push(line)
  const fault = world.takeFault(line)
  if (fault?.kind === 'cut') return void response.destroy()
  if (fault?.kind === 'page') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>Sign in</p>')
  if (fault?.kind === 'status') return sendError(response, fault.status ?? 500, fault.code ?? 'InternalError')
  const refusal = signatureRefusal(request.headers.authorization)
  if (refusal) return sendError(response, 403, refusal)
  const objects = world.buckets.get(bucketName)
  if (objects === undefined) return sendError(response, 404, 'NoSuchBucket')
  if (key === '') return sendList(response, bucketName, objects, url.searchParams)
  switch (request.method) {
    case 'PUT': {
      const refused = fault?.kind === 'conditions' ? undefined : conditionRefusal(objects.get(key), ifMatch, ifNoneMatch)
      if (refused) return sendError(response, refused.status, refused.code)
      const encryptedWith = request.headers['x-amz-server-side-encryption-aws-kms-key-id']
      const object = { ...s3Object(body), ...(typeof encryptedWith === 'string' ? { encryptedWith } : {}) }
      objects.set(key, object)
      return fault?.kind === 'answer' ? void response.destroy() : void response.writeHead(200, { etag: object.etag }).end()
    }
    case 'DELETE':
      objects.delete(key)
      return void response.writeHead(204).end()
    default: {
      const object = objects.get(key)
      if (object === undefined) return sendError(response, 404, 'NoSuchKey', request.method === 'HEAD')
      response.writeHead(200, { etag: object.etag, 'content-type': 'application/json', 'content-length': Buffer.byteLength(object.body) })
      return void response.end(request.method === 'HEAD' ? undefined : object.body)
    }
  }
}

function signatureRefusal(authorization: string | undefined): string | undefined {
  const [, credential] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[\w-]+\/s3\/aws4_request, SignedHeaders=[\w;-]*host[\w;-]*, Signature=[0-9a-f]{64}$/.exec(
      authorization ?? '',
    ) ?? []
  if (credential === undefined) return 'AccessDenied'
  return credential === S3_KEYS.AWS_ACCESS_KEY_ID ? undefined : 'InvalidAccessKeyId'
}

function conditionRefusal(object: S3Object | undefined, ifMatch: string | undefined, ifNoneMatch: string | undefined) {
  if (ifNoneMatch === '*' && object !== undefined) return { status: 412, code: 'PreconditionFailed' }
  if (ifMatch !== undefined && object === undefined) return { status: 404, code: 'NoSuchKey' }
  if (ifMatch !== undefined && ifMatch !== object?.etag) return { status: 412, code: 'PreconditionFailed' }
  return undefined
}

function sendList(response: ServerResponse, name: string, objects: ReadonlyMap<string, S3Object>, query: URLSearchParams): void {
  const prefix = query.get('prefix') ?? ''
  const after = query.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter(key => key.startsWith(prefix) && key > after).sort()
  const page = keys.slice(0, KEYS_IN_PAGE)
  const next = keys.length > page.length ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : ''
  const contents = page.map(
    key => `<Contents><Key>${escapeXml(key)}</Key><ETag>${escapeXml(objects.get(key)?.etag ?? '')}</ETag></Contents>`,
  )
  sendXml(
    response,
    200,
    `<ListBucketResult><Name>${name}</Name><IsTruncated>${next !== ''}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  )
}

function sendError(response: ServerResponse, status: number, code: string, withoutBody = false): void {
  if (withoutBody) return void response.writeHead(status).end()
  sendXml(
    response,
    status,
    `<Error><Code>${code}</Code><Message>User: arn:aws:iam::123456789012:user/ana is told: ${code}</Message></Error>`,
  )
}

function sendXml(response: ServerResponse, status: number, xml: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
