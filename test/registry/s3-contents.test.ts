import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import t, { type Test } from 'tap'
import { type Bucket, openBuckets } from '../../src/aws/bucket.ts'
import { createKeyService } from '../../src/aws/key-service.ts'
import type { ContentStore } from '../../src/registry/content-store.ts'
import { createS3Contents, type S3ContentsOptions } from '../../src/registry/s3-contents.ts'
import type { SqliteRegistry } from '../../src/registry/sqlite/registry.ts'
import { registryContract } from '../conformance/registry.ts'
import { type KmsServer, startKmsServer } from '../support/kms-server.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor, planRelease, upload } from '../support/releases.ts'
import { S3_KEYS, type S3Server, s3Object, startS3Server } from '../support/s3-server.ts'

const KEY = 'alias/flowrun'
const keys = { access: S3_KEYS.AWS_ACCESS_KEY_ID, secret: S3_KEYS.AWS_SECRET_ACCESS_KEY }

interface World {
  readonly server: S3Server
  readonly kms: KmsServer
  readonly directory: string
  /** Objects by the text of the prompt that they hold. */
  keyOf(text: string): string
  open(changes?: Partial<S3ContentsOptions>): Promise<SqliteRegistry>
  /** Looks at the registry's rows, and changes them, behind its back. */
  rows(sql: string): readonly unknown[]
  tamper(sql: string): void
}

async function serversFor(t: Test) {
  const [server, kms] = await Promise.all([startS3Server('acme'), startKmsServer()])
  t.teardown(() => Promise.all([server.close(), kms.close()]))
  kms.createKey(KEY)
  return { server, kms }
}

function storeOf(t: Test, { server, kms }: Pick<World, 'server' | 'kms'>, changes: Partial<S3ContentsOptions> = {}): ContentStore {
  const contents = createS3Contents({
    bucket: 'acme',
    prefix: 'flowrun/',
    minBytes: 0,
    concurrency: 8,
    openBuckets: () => openBuckets({ endpoint: server.url, forcePathStyle: true, keys }),
    openKeys: () => createKeyService({ endpoint: kms.url, region: 'eu-central-1', keys }),
    ...changes,
  })
  t.teardown(() => contents.close())
  return contents
}

async function world(t: Test): Promise<World> {
  const servers = await serversFor(t)
  const directory = t.testdir()
  return {
    ...servers,
    directory,
    keyOf: text => `flowrun/${contentFor(text).digest.replace(':', '/')}.json`,
    async open(changes = {}) {
      const registry = await openRegistry(directory, { contents: storeOf(t, servers, changes) })
      t.teardown(() => registry.close())
      return registry
    },
    rows: sql => withDatabase(directory, database => database.prepare(sql).all()),
    tamper: sql => void withDatabase(directory, database => database.exec(sql)),
  }
}

function withDatabase<T>(directory: string, work: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(join(directory, 'state.db'))
  try {
    return work(database)
  } finally {
    database.close()
  }
}

function read(registry: SqliteRegistry, text: string, address = 'prompt.answer') {
  const { digest } = contentFor(text)
  return registry.artifacts([{ address, digest }]).then(found => found.get(digest))
}

registryContract(t, 'sqlite with contents in S3', t => {
  const directory = t.testdir()
  const servers = serversFor(t)
  return {
    open: async (project = 'shop') => openRegistry(directory, { project, contents: storeOf(t, await servers, { keyId: KEY }) }),
  }
})

t.test('contents are objects named by their digests, and the registry has their place alone', async t => {
  const { server, open, keyOf, rows } = await world(t)
  const registry = await open()
  await apply(registry, { 'prompt.answer': { text: 'Be kind' }, 'prompt.greet': { text: 'Say hello' } })
  const objects = server.bucket('acme')
  t.same([...objects.keys()].sort(), [keyOf('Be kind'), keyOf('Say hello')].sort())
  t.equal(objects.get(keyOf('Be kind'))?.body, contentFor('Be kind').body)
  t.match(await read(registry, 'Be kind'), { spec: { text: 'Be kind' } })
  t.match(
    (await registry.artifacts(['Be kind', 'Say hello'].map(text => ({ address: 'prompt.p', digest: contentFor(text).digest })))).size,
    2,
  )
  for (const row of rows('SELECT store, body, locator, key_ref FROM content'))
    t.match(row, { store: 's3', body: null, locator: /^s3:\/\/acme\/flowrun\/sha256\/[0-9a-f]{64}\.json#"[0-9a-f]{32}"$/, key_ref: null })
})

t.test('GC-1: an object of a bucket is not collected: it may be that of another registry too', async t => {
  const { server, open, tamper } = await world(t)
  const registry = await open()
  await upload(registry, 'left')
  tamper('UPDATE content SET offered_at = 0')
  t.equal(await registry.collectContents(async () => new Set()), 0)
  t.equal(server.bucket('acme').size, 1)
  t.match(await read(registry, 'left'), { spec: { text: 'left' } })
})

t.test('min_bytes: what is smaller stays in the registry, what is as large goes to the bucket', async t => {
  const { server, open } = await world(t)
  const large = contentFor('x'.repeat(100))
  const registry = await open({ minBytes: Buffer.byteLength(large.body) })
  await upload(registry, 'x'.repeat(99), 'x'.repeat(100), `${'x'.repeat(98)}é`)
  t.equal(server.bucket('acme').size, 2, 'bytes count, and not characters')
  for (const text of ['x'.repeat(99), 'x'.repeat(100), `${'x'.repeat(98)}é`]) t.match(await read(registry, text), { spec: { text } })
})

t.test('SEC-1: with a key of KMS no text of a prompt is in any object, and it is read back', async t => {
  const { server, kms, open } = await world(t)
  const canary = 'The canary sings at four'
  const registry = await open({ keyId: KEY })
  await apply(registry, { 'prompt.answer': { text: canary }, 'prompt.greet': { text: `${canary}, twice` } })
  const objects = [...server.bucket('acme').values()]
  t.equal(objects.length, 2)
  for (const { body } of objects) {
    for (const form of [canary, Buffer.from(canary).toString('base64').slice(0, 20), 'canary', 'spec']) t.notOk(body.includes(form), form)
  }
  t.equal(new Set(objects.map(({ body }) => JSON.parse(body).key.data_key)).size, 2, 'each has a data key of its own')
  t.match(
    kms.requests.map(({ operation, body }) => [operation, body.EncryptionContext]),
    [
      ['GenerateDataKey', { use: 'flowrun content', digest: /^sha256:/ }],
      ['GenerateDataKey', {}],
    ],
  )
  t.match(await read(await open({ keyId: KEY }), canary), { spec: { text: canary } })
  t.match(await read(await open(), canary), { spec: { text: canary } }, 'also when the settings name no key any more')
  t.match(await read(await open({ keyId: 'alias/another' }), canary), { spec: { text: canary } }, 'or another one')
})

t.test('ID-8: an altered content is told by digest, address and object, and never used', async t => {
  const { server, open, keyOf } = await world(t)
  const registry = await open()
  await apply(registry, { 'prompt.answer': { text: 'Be kind' } })
  const objects = server.bucket('acme')
  const object = `s3://acme/${keyOf('Be kind')}`
  for (const damage of ['', '{}', 'Be kind', contentFor('Be rude').body]) {
    objects.set(keyOf('Be kind'), s3Object(damage))
    await t.rejects(read(registry, 'Be kind'), {
      code: 'content/altered',
      diagnostic: {
        summary: 'The content of prompt.answer does not match its digest',
        detail: new RegExp(`^${RegExp.escape(object)} was changed by something other than flowrun.*Nothing was changed\\.$`, 's'),
        notes: [/^expected [0-9a-f]{8}$/, /^found [0-9a-f]{8}$/],
      },
    })
  }
  await upload(registry, 'Be kind')
  t.match(await read(registry, 'Be kind'), { spec: { text: 'Be kind' } }, 'an upload repairs it')
})

t.test('ID-8: a lost content is missing, and never an empty prompt', async t => {
  const { server, open, keyOf } = await world(t)
  const registry = await open({ keyId: KEY })
  await apply(registry, { 'prompt.answer': { text: 'Be kind' } })
  server.bucket('acme').delete(keyOf('Be kind'))
  await t.rejects(read(registry, 'Be kind'), {
    code: 'content/missing',
    diagnostic: { detail: new RegExp(`^s3://acme/${keyOf('Be kind')} should hold ${contentFor('Be kind').digest} and does not`) },
  })
  await upload(registry, 'Be kind')
  t.match(await read(registry, 'Be kind'), { spec: { text: 'Be kind' } })
})

t.test('ID-8: a sealed content that was changed, or put in the place of another, opens with no key', async t => {
  const { server, open, keyOf } = await world(t)
  const registry = await open({ keyId: KEY })
  await apply(registry, { 'prompt.answer': { text: 'Be kind' }, 'prompt.greet': { text: 'Say hello' } })
  const objects = server.bucket('acme')
  const kind = JSON.parse(objects.get(keyOf('Be kind'))?.body ?? '')
  const hello = JSON.parse(objects.get(keyOf('Say hello'))?.body ?? '')
  const flipped = `${kind.ciphertext.startsWith('A') ? 'B' : 'A'}${kind.ciphertext.slice(1)}`
  for (const [title, damaged] of [
    ['another content', hello],
    ['a changed text', { ...kind, ciphertext: flipped }],
    ['the data key of another', { ...kind, key: hello.key }],
    ['no data key', { ...kind, key: { provider: 'kms' } }],
    ['a passphrase', { ...kind, key: { provider: 'passphrase', salt: 'AAAA', n: 1, r: 1, p: 1 } }],
  ] as const) {
    objects.set(keyOf('Be kind'), s3Object(JSON.stringify(damaged)))
    const fresh = await open({ keyId: KEY })
    await t.rejects(
      read(fresh, 'Be kind'),
      { code: 'content/cannot-decrypt', diagnostic: { detail: /^s3:\/\/acme\/flowrun\/sha256\// } },
      title,
    )
  }
  objects.set(keyOf('Be kind'), s3Object(JSON.stringify({ ...kind, format: 'flowrun.sealed/2' })))
  await t.rejects(read(registry, 'Be kind'), { code: 'content/newer-format' }, 'VER-1')
  objects.set(keyOf('Be kind'), s3Object(contentFor('Be rude').body))
  await t.rejects(read(registry, 'Be kind'), { code: 'content/altered' }, 'an open text in its place')
})

t.test('FAIL-5, FAIL-6: without S3 or KMS nothing is uploaded, released or read', async t => {
  const { server, kms, open } = await world(t)
  const registry = await open({ keyId: KEY })
  await apply(registry, { 'prompt.answer': { text: 'one' } })
  server.fail({ kind: 'status', status: 503, code: 'SlowDown' })
  await t.rejects(apply(registry, { 'prompt.answer': { text: 'two' } }), { code: 's3/unreachable', retryable: true })
  t.equal((await registry.head('dev')).release, 1)
  await t.rejects(read(registry, 'one'), { code: 's3/unreachable' })
  server.fail(undefined)
  kms.disable(KEY)
  await t.rejects(apply(registry, { 'prompt.answer': { text: 'two' } }), { code: 'kms/refused' })
  await t.rejects(read(await open({ keyId: KEY }), 'one'), { code: 'kms/refused' })
  t.equal(server.bucket('acme').size, 1, 'nothing was sent in the clear')
  const request = await planRelease(registry, { 'prompt.answer': { text: 'two' } })
  t.match(await registry.commitRelease(request), { outcome: 'content-missing' })
})

t.test('A2: what was uploaded before is not sent again, and is offered anew', async t => {
  const { server, kms, open, tamper, rows } = await world(t)
  const registry = await open({ keyId: KEY })
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`)
  server.fail({ kind: 'status', status: 500, code: 'InternalError', where: contentFor('text 15').digest.slice(7) })
  await t.rejects(upload(registry, ...texts), { code: 's3/unreachable' })
  t.equal(server.bucket('acme').size < 20, true)
  server.fail(undefined)
  await upload(registry, ...texts)
  const sent = kms.requests.length
  tamper('UPDATE content SET offered_at = 0')
  await upload(registry, ...texts)
  t.equal(kms.requests.length, sent)
  t.same(rows('SELECT count(*) AS n FROM content WHERE offered_at > 0'), [{ n: 20 }], 'GC-1')
  await upload(await open({ keyId: 'alias/flowrun' }), 'text 1')
  t.equal(kms.requests.length, sent)
  await upload(await open(), 'text 1')
  t.match(
    server.bucket('acme').get(`flowrun/${contentFor('text 1').digest.replace(':', '/')}.json`)?.body,
    contentFor('text 1').body,
    'the settings have changed',
  )
})

t.test('A2: eight objects are sent at once, and eight read', async t => {
  const { open } = await world(t)
  const most = { sent: 0, read: 0 }
  const under = { sent: 0, read: 0 }
  const counted = async <T>(kind: keyof typeof most, answer: T): Promise<T> => {
    most[kind] = Math.max(most[kind], ++under[kind])
    await new Promise(setImmediate)
    under[kind]--
    return answer
  }
  const objects = new Map<string, string>()
  const bucket: Bucket = {
    name: 's3://acme',
    get: key => counted('read', { body: objects.get(key) ?? '', etag: 'e' }),
    etag: async () => 'e',
    put(key, body) {
      objects.set(key, body)
      return counted('sent', { etag: 'e' })
    },
    putIf: async () => ({ outcome: 'conflict' }),
    delete: async () => {},
    list: async () => [],
  }
  const registry = await open({ openBuckets: async () => ({ bucket: () => bucket, close: () => {} }) })
  const texts = Array.from({ length: 40 }, (_, index) => `text ${index}`)
  await upload(registry, ...texts)
  await registry.artifacts(texts.map(text => ({ address: 'prompt.p', digest: contentFor(text).digest })))
  t.same(most, { sent: 8, read: 8 })
})

t.test('GC-2: a content that is being deleted is put in another place', async t => {
  const { server, open, keyOf, tamper } = await world(t)
  const registry = await open()
  await upload(registry, 'Be kind')
  tamper(`UPDATE content SET state = 'deleting'`)
  await t.rejects(read(registry, 'Be kind'), { code: 'content/missing' })
  await upload(registry, 'Be kind')
  t.equal(server.bucket('acme').size, 2)
  server.bucket('acme').delete(keyOf('Be kind'))
  t.match(await read(registry, 'Be kind'), { spec: { text: 'Be kind' } })
  const before = server.requests.length
  await upload(registry, 'Be kind')
  t.same(
    server.requests.slice(before).map(line => line.split(' ')[0]),
    ['HEAD'],
    'it stays there',
  )
})

t.test('a content in a store that is not named says where it is', async t => {
  const { open, directory, keyOf } = await world(t)
  const registry = await open()
  await apply(registry, { 'prompt.answer': { text: 'Be kind' } })
  const inline = await openRegistry(directory)
  t.teardown(() => inline.close())
  await t.rejects(read(inline, 'Be kind'), {
    code: 'content/elsewhere',
    diagnostic: { detail: new RegExp(`is in s3://acme/${keyOf('Be kind')}\\. Give the environment`) },
  })
  const moved = await open({ bucket: 'elsewhere' })
  t.match(await read(moved, 'Be kind'), { spec: { text: 'Be kind' } }, 'an earlier bucket is asked by its name')
})
