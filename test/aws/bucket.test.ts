import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import S3rver from 's3rver'
import t, { type Test } from 'tap'
import { type BucketAccess, openBuckets } from '../../src/aws/bucket.ts'
import { requireConditions } from '../../src/state/backends/s3-conditions.ts'
import { S3_KEYS, type S3Fault, startS3Server } from '../support/s3-server.ts'

const keys = { access: S3_KEYS.AWS_ACCESS_KEY_ID, secret: S3_KEYS.AWS_SECRET_ACCESS_KEY }

async function opened(t: Test, changes: Partial<BucketAccess> = {}) {
  const server = await startS3Server('acme')
  const buckets = await openBuckets({ endpoint: server.url, forcePathStyle: true, keys, ...changes })
  t.teardown(async () => {
    buckets.close()
    await server.close()
  })
  return { server, buckets, bucket: buckets.bucket('acme') }
}

t.test('the test server speaks the protocol that the official client knows', async t => {
  const { server } = await opened(t)
  const client = new S3Client({
    endpoint: server.url,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: keys.access, secretAccessKey: keys.secret },
  })
  t.teardown(() => client.destroy())
  const [Bucket, Key] = ['acme', 'a folder/ä & b.json']
  const put = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'één', IfNoneMatch: '*' }))
  const got = await client.send(new GetObjectCommand({ Bucket, Key }))
  t.equal(await got.Body?.transformToString(), 'één')
  t.match(await client.send(new HeadObjectCommand({ Bucket, Key })), { ETag: put.ETag, ContentLength: 5 })
  await t.rejects(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' })), { name: 'PreconditionFailed' })
  await t.rejects(client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfMatch: '"other"' })), { name: 'PreconditionFailed' })
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'twee', ...(put.ETag ? { IfMatch: put.ETag } : {}) }))
  t.match(await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a folder/' })), { Contents: [{ Key }], IsTruncated: false })
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  await t.rejects(client.send(new GetObjectCommand({ Bucket, Key })), { name: 'NoSuchKey' })
  await t.rejects(client.send(new GetObjectCommand({ Bucket: 'other', Key })), { name: 'NoSuchBucket' })
  const unsigned = await fetch(`${server.url}/acme/x`)
  t.equal(unsigned.status, 403, 'a request without a signature is refused')
})

t.test('objects are written, read, listed and deleted', async t => {
  const { server, bucket } = await opened(t)
  t.equal(bucket.name, 's3://acme')
  t.equal(await bucket.get('a'), undefined)
  t.equal(await bucket.etag('a'), undefined)
  const written = await bucket.put('a', 'één')
  t.same(await bucket.get('a'), { body: 'één', etag: written.etag })
  t.equal(await bucket.etag('a'), written.etag)
  for (let number = 10; number < 35; number++) await bucket.put(`list/${number}`, 'x')
  t.equal((await bucket.list('list/')).length, 25, 'all pages of a listing are read')
  t.same(await bucket.list('nothing/'), [])
  await bucket.delete('a')
  await bucket.delete('a')
  t.equal(server.bucket('acme').has('a'), false)
})

t.test('a condition that does not hold is a conflict, and writes nothing', async t => {
  const { server, bucket } = await opened(t)
  t.same(await bucket.putIf('a', 'one', { etag: '"x"' }), { outcome: 'conflict' }, 'what was to be replaced is gone')
  const first = await bucket.putIf('a', 'one', 'absent')
  t.same(await bucket.putIf('a', 'two', 'absent'), { outcome: 'conflict' })
  t.same(await bucket.putIf('a', 'two', { etag: '"x"' }), { outcome: 'conflict' })
  t.equal(server.bucket('acme').get('a')?.body, 'one')
  t.match(await bucket.putIf('a', 'two', { etag: first.outcome === 'written' ? first.etag : '' }), { outcome: 'written' })
  server.fail({ kind: 'status', status: 409, code: 'ConditionalRequestConflict' })
  t.same(await bucket.putIf('a', 'three', 'absent'), { outcome: 'conflict' }, 'another write is under way')
})

t.test('a bucket encrypts with the key of KMS that is named', async t => {
  const { server, bucket } = await opened(t, { encryptionKeyId: 'alias/flowrun' })
  await bucket.put('a', 'one')
  t.match(server.bucket('acme').get('a'), { encryptedWith: 'alias/flowrun' })
})

t.test('each failure says which bucket and object it was about, and nothing of the account', async t => {
  const { server, buckets, bucket } = await opened(t)
  const failures: readonly (readonly [S3Fault, string, RegExp])[] = [
    [{ kind: 'status', status: 403, code: 'AccessDenied' }, 's3/denied', /^S3 says AccessDenied, while reading state\/a\. /],
    [{ kind: 'status', status: 503, code: 'SlowDown' }, 's3/unreachable', /^S3 says SlowDown \(status 503\), while reading state\/a\. /],
    [
      { kind: 'status', status: 400, code: 'KMS.DisabledException' },
      's3/refused',
      /^S3 says KMS\.DisabledException \(status 400\), while reading/,
    ],
    [{ kind: 'cut' }, 's3/unreachable', /, while reading state\/a\. Check the network/],
  ]
  for (const [fault, code, detail] of failures) {
    server.fail(fault)
    const error = await bucket.get('state/a').catch((error: unknown) => error)
    t.match(error, { code, diagnostic: { summary: /^s3:\/\/acme /, detail }, retryable: code === 's3/unreachable' }, code)
    t.match(error, { diagnostic: { detail: /Nothing was changed\.$/ } })
    t.notMatch(JSON.stringify(error), new RegExp(`123456789012|${keys.access}|${keys.secret}`))
  }
  server.fail({ kind: 'page' })
  await t.rejects(bucket.list('a'), { code: 's3/refused', diagnostic: { detail: /^The answer is not one of S3, while listing a\./ } })
  await t.rejects(bucket.put('a', 'x'), { code: 's3/refused' }, 'a page is not taken for a write')
  server.fail(undefined)
  await t.rejects(buckets.bucket('other').get('a'), { code: 's3/no-bucket', diagnostic: { summary: 'There is no bucket s3://other' } })
  await t.rejects(buckets.bucket('other').list('a'), { code: 's3/no-bucket' })
  await t.rejects(buckets.bucket('other').putIf('a', 'x', 'absent'), { code: 's3/no-bucket' })
})

t.test('without a server, keys or a region it says what is missing', async t => {
  const closed = await startS3Server()
  await closed.close()
  const unreachable = await openBuckets({ endpoint: closed.url, forcePathStyle: true, keys })
  await t.rejects(unreachable.bucket('acme').put('a', 'x'), {
    code: 's3/unreachable',
    diagnostic: { summary: 's3://acme cannot be reached', detail: /^connect ECONNREFUSED .*, while writing a\. / },
  })
  const { server } = await opened(t, { keys: { ...keys, access: 'AKIAUNKNOWN' } })
  const stranger = await openBuckets({ endpoint: server.url, forcePathStyle: true, keys: { ...keys, access: 'AKIAUNKNOWN' } })
  await t.rejects(stranger.bucket('acme').get('a'), { code: 's3/denied', diagnostic: { detail: /^S3 says InvalidAccessKeyId, / } })
  const nowhere = {
    AWS_REGION: undefined,
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  t.intercept(process, 'env', { value: { ...process.env, ...nowhere, AWS_ACCESS_KEY_ID: '', AWS_PROFILE: '' } })
  await t.rejects(openBuckets({ forcePathStyle: false }), { code: 's3/no-region' })
  const nobody = await openBuckets({ endpoint: server.url, forcePathStyle: true })
  await t.rejects(nobody.bucket('acme').get('a'), {
    code: 's3/no-credentials',
    diagnostic: { summary: 'There are no credentials for s3://acme' },
  })
})

t.test('s3rver, a server of others: objects go to and fro, and its missing conditions are noticed', async t => {
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: t.testdir(), configureBuckets: [{ name: 'acme' }] })
  const { port } = await server.run()
  const buckets = await openBuckets({
    endpoint: `http://127.0.0.1:${port}`,
    forcePathStyle: true,
    keys: { access: 'S3RVER', secret: 'S3RVER' },
  })
  t.teardown(async () => {
    buckets.close()
    await server.close()
  })
  const bucket = buckets.bucket('acme')
  t.equal(await bucket.get('a folder/ä.json'), undefined)
  const { etag } = await bucket.put('a folder/ä.json', 'één')
  t.same(await bucket.get('a folder/ä.json'), { body: 'één', etag })
  t.equal(await bucket.etag('a folder/ä.json'), etag)
  t.same(await bucket.list('a folder/'), ['a folder/ä.json'])
  await bucket.delete('a folder/ä.json')
  t.same(await bucket.list('a folder/'), [])
  await t.rejects(buckets.bucket('other').get('a'), { code: 's3/no-bucket' })
  await t.rejects(requireConditions(bucket, 'conditions.json'), { code: 's3/no-conditions' })
})
