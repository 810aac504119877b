import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createKeyService } from '../../src/aws/key-service.ts'
import { canonicalJson } from '../../src/base/canonical-json.ts'
import { digestOfText } from '../../src/base/digest.ts'
import type { OperationError } from '../../src/diagnostics/operation-error.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { plainCodec, type StateCodec } from '../../src/state/codec.ts'
import { createEncryptingCodec } from '../../src/state/encryption/encrypting-codec.ts'
import { createKmsKeys } from '../../src/state/encryption/kms-keys.ts'
import { createPassphraseKeys, PASSPHRASE_LENGTH, requireStrong, SCRYPT_COST } from '../../src/state/encryption/passphrase-keys.ts'
import type { StateKeys } from '../../src/state/encryption/state-keys.ts'
import { heldClock, snapshotOf, stateBackendContract } from '../conformance/state-backend.ts'
import { startKmsServer } from '../support/kms-server.ts'
import { openRegistry } from '../support/open-registry.ts'

const server = await startKmsServer()
const service = await createKeyService({ endpoint: server.url, keys: { access: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI' } })
const arn = server.createKey('alias/state')
server.createKey('alias/other')
t.teardown(async () => {
  service.close()
  await server.close()
})

const phrase = (text: string) => createPassphraseKeys(async () => text)
const kms = (keyId: string) => createKmsKeys(keyId, async () => service)
const codecOf = (current: StateKeys, previous?: StateKeys, project = 'shop') => createEncryptingCodec({ project, current, previous })
const FIRST = phrase('correct horse battery staple')
const SECOND = phrase('a second passphrase, as long')

async function bodyOf(codec: StateCodec, serial = 1): Promise<string> {
  return (await codec.encode(snapshotOf(serial), null, 'dev')).body
}

async function refusal(codec: StateCodec, body: string, environment = 'dev'): Promise<OperationError> {
  return codec.decode(body, environment).then(
    () => t.fail('it was read'),
    error => error,
  )
}

for (const [name, keys] of [
  ['a passphrase', FIRST],
  ['KMS', kms('alias/state')],
] as const) {
  stateBackendContract(t, `sqlite, encrypted with ${name}`, t => {
    const directory = t.testdir()
    const clock = heldClock()
    return {
      clock,
      async open() {
        const registry = await openRegistry(directory, { clock })
        return { ...createSqliteStateBackend(registry, codecOf(keys)), close: () => registry.close() }
      },
    }
  })
}

t.test('STA-4: what a store keeps is sealed but for lineage and serial, and has the digest of the sealed text', async t => {
  const snapshot = snapshotOf(7)
  const write = await codecOf(FIRST).encode(snapshot, { lineage: 'lineage-a', serial: 6 }, 'dev')
  t.match(write, { lineage: 'lineage-a', serial: 7, blocks: 1, expected: { lineage: 'lineage-a', serial: 6 } })
  t.equal(write.digest, digestOfText(write.body))
  const stored = JSON.parse(write.body)
  t.same(Object.keys(stored), ['ciphertext', 'format', 'key', 'lineage', 'nonce', 'serial'])
  t.match(stored, { format: 'flowrun.sealed/1', lineage: 'lineage-a', serial: 7 })
  t.same(stored.key, { provider: 'passphrase', salt: stored.key.salt, ...SCRYPT_COST })
  t.equal(Buffer.from(stored.key.salt, 'base64').length, 16)
  for (const word of ['prompt.answer', 'registry-1', 'sha256']) t.notMatch(write.body, word)
  t.same(await codecOf(phrase('correct horse battery staple')).decode(write.body, 'dev'), snapshot, 'another process reads it')
  t.match(JSON.parse(await bodyOf(codecOf(kms('alias/state')))).key, { provider: 'kms', key_id: arn })
  t.match(server.requests.at(-1)?.body.EncryptionContext, { 'flowrun:project': 'shop', 'flowrun:environment': 'dev' })
})

t.test('any snapshot is read as it was written, and no changed text is', async t => {
  const codec = codecOf(FIRST)
  const addresses = fc.dictionary(fc.string(), fc.record({ version: fc.nat(), digest: fc.constant('sha256:00' as const) }), { maxKeys: 5 })
  await fc.assert(
    fc.asyncProperty(addresses, fc.nat(), fc.nat(), async (owned, serial, at) => {
      const snapshot = snapshotOf(serial, { owned: new Map(Object.entries(owned)) })
      const { body } = await codec.encode(snapshot, null, 'dev')
      t.same(await codec.decode(body, 'dev'), snapshot)
      const index = at % body.length
      const changed = body.slice(0, index) + (body[index] === '0' ? '1' : '0') + body.slice(index + 1)
      const read = await codec.decode(changed, 'dev').catch(() => undefined)
      t.equal(read, undefined, changed)
    }),
    { numRuns: 60, examples: [[{}, 3, 0]] },
  )
})

t.test('a key is changed by naming the earlier one: it is read with, and the next write is under the new one', async t => {
  for (const [before, after] of [
    [FIRST, SECOND],
    [FIRST, kms('alias/state')],
    [kms('alias/state'), kms('alias/other')],
    [kms('alias/other'), FIRST],
  ] as const) {
    const rotating = codecOf(after, before)
    const snapshot = await rotating.decode(await bodyOf(codecOf(before)), 'dev')
    t.same(snapshot, snapshotOf(1), `${before.name}, then ${after.name}`)
    const { body } = await rotating.encode(snapshot, null, 'dev')
    t.same(await codecOf(after).decode(body, 'dev'), snapshot, 'the earlier key is not needed any more')
    t.match(await refusal(codecOf(before), body), { code: 'state/cannot-decrypt' })
  }
})

t.test('encryption is switched on over a state that is not encrypted', async t => {
  const codec = codecOf(FIRST)
  t.same(await codec.decode(await bodyOf(plainCodec), 'dev'), snapshotOf(1))
  t.match(JSON.parse(await bodyOf(codec)), { format: 'flowrun.sealed/1' })
})

t.test('a state that no key opens says how it was encrypted, and what was tried', async t => {
  const sealed = await bodyOf(codecOf(FIRST))
  const sealedByKms = await bodyOf(codecOf(kms('alias/state')))
  const detailOf = async (codec: StateCodec, body: string) => {
    const { code, diagnostic } = await refusal(codec, body)
    t.equal(code, 'state/cannot-decrypt')
    t.match(diagnostic.detail, /Nothing was changed\.$/)
    return `${diagnostic.summary}: ${diagnostic.detail}`
  }
  t.match(
    await detailOf(plainCodec, sealed),
    /encrypted, and no key is given: .*a passphrase.*key_provider = "passphrase"\n {4}passphrase {3}= secret\(/s,
  )
  t.match(await detailOf(plainCodec, sealedByKms), new RegExp(`kms_key_id {3}= "${arn}"`))
  t.match(await detailOf(codecOf(SECOND), sealed), /written with {2}a passphrase\ntried {9}the passphrase\n\nThe passphrase is another one/)
  t.match(
    await detailOf(codecOf(kms('alias/state'), kms('alias/other')), sealed),
    /tried {9}the KMS key alias\/state and the KMS key alias\/other of previous\n\nA key from "passphrase" is not given\./,
  )
  t.match(
    await detailOf(codecOf(kms('alias/other')), sealedByKms),
    new RegExp(`written with {2}the KMS key ${arn}\n.*\n\nThe key is another one`),
  )
  t.match(await detailOf(codecOf(FIRST), sealedByKms), 'A key from "kms" is not given.')
  const unknown = canonicalJson({ ...JSON.parse(sealed), key: { provider: 'vault' } })
  t.match(await detailOf(codecOf(FIRST), unknown), 'in a way that this flowrun does not know')
  t.match(await refusal(codecOf(FIRST), '{"format":"flowrun.sealed/2"}'), { code: 'state/newer-format' }, 'VER-1')
  t.match(await refusal(plainCodec, '{"format":"flowrun.sealed/2"}'), { code: 'state/newer-format' }, 'VER-1')
})

t.test('a sealed state is of one project and environment, and cannot be moved', async t => {
  for (const keys of [FIRST, kms('alias/state')]) {
    const body = await bodyOf(codecOf(keys))
    t.match(await refusal(codecOf(keys), body, 'prod'), { code: 'state/cannot-decrypt' })
    t.match(await refusal(codecOf(keys, undefined, 'support'), body), { code: 'state/cannot-decrypt' })
    const older = canonicalJson({ ...JSON.parse(body), serial: 9 })
    t.match(await refusal(codecOf(keys), older), { code: 'state/cannot-decrypt' }, 'nor passed off as a later one')
  }
})

t.test('FAIL-6: KMS is down: nothing is read, nothing is written, and the error is that of KMS', async t => {
  const cold = await createKeyService({ endpoint: server.url, keys: { access: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI' } })
  t.teardown(() => cold.close())
  const codec = codecOf(createKmsKeys('alias/state', async () => cold))
  const body = await bodyOf(codecOf(kms('alias/state')))
  server.failNext('KMSInternalException', 3)
  await t.rejects(codec.decode(body, 'dev'), { code: 'kms/unreachable', retryable: true })
  server.failNext('AccessDeniedException')
  await t.rejects(codec.encode(snapshotOf(1), null, 'dev'), { code: 'kms/denied' })
  t.same(await codec.decode(body, 'dev'), snapshotOf(1), 'and when it answers again, all is as before')
})

t.test('a passphrase is asked for once, derived once for each salt, and only when it is needed', async t => {
  let asked = 0
  const keys = createPassphraseKeys(async () => {
    asked++
    return 'correct horse battery staple'
  })
  const codec = codecOf(keys)
  t.same(await codec.decode(await bodyOf(plainCodec), 'dev'), snapshotOf(1))
  t.equal(asked, 0)
  const body = await bodyOf(codecOf(FIRST), 4)
  await codec.decode(body, 'dev')
  const written = await bodyOf(codec, 5)
  t.equal(asked, 1)
  t.same(JSON.parse(written).key, JSON.parse(body).key, 'the salt that was read is written with')
  t.not(JSON.parse(written).nonce, JSON.parse(body).nonce)
})

t.test('a passphrase that can be guessed is not written with', async t => {
  t.throws(() => requireStrong('hunter2'), {
    code: 'state/weak-passphrase',
    diagnostic: { summary: 'The passphrase of the state has 7 characters, and needs 16' },
  })
  t.throws(() => requireStrong('👋'.repeat(PASSPHRASE_LENGTH - 1)), { code: 'state/weak-passphrase' }, 'characters, not UTF-16 units')
  t.equal(requireStrong('x'.repeat(PASSPHRASE_LENGTH)), 'x'.repeat(PASSPHRASE_LENGTH))
})

t.test('an envelope cannot make us derive with all memory, or for ever', async t => {
  const stored = JSON.parse(await bodyOf(codecOf(FIRST)))
  const started = process.cpuUsage()
  for (const cost of [{ n: 2 ** 30 }, { r: 2 ** 20 }, { p: 2 ** 20 }, { n: 3 }, { n: 0.5 }, { n: -2 }, { r: 0 }, { p: 1.5 }]) {
    const body = canonicalJson({ ...stored, key: { ...stored.key, ...cost } })
    t.match(await refusal(codecOf(FIRST), body), { code: 'state/cannot-decrypt' }, JSON.stringify(cost))
  }
  const { user, system } = process.cpuUsage(started)
  t.ok(user + system < 2_000_000, 'nothing was derived')
})

/** Every file of the store, as it is on the disk now: database, history, and their logs. */
function bytesIn(directory: string): Buffer {
  return Buffer.concat(readdirSync(directory).map(name => readFileSync(join(directory, name))))
}

async function storeIn(t: Test, codec: StateCodec) {
  const directory = t.testdir()
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  return { directory, backend: createSqliteStateBackend(registry, codec) }
}

t.test('nothing of a state can be read in the database, in its history or in their logs', async t => {
  const canary = 'canary-7f3a9c'
  const snapshot = (serial: number) =>
    snapshotOf(serial, {
      owned: new Map([[`prompt.${canary}`, { version: serial, digest: 'sha256:ca7a' as const }]]),
      outputs: new Map([['url', { sensitive: false, type: 'string', value: canary }]]),
    })
  const writeTwo = async (codec: StateCodec) => {
    const { directory, backend } = await storeIn(t, codec)
    await backend.write('dev', await codec.encode(snapshot(1), null, 'dev'))
    await backend.write('dev', await codec.encode(snapshot(2), { lineage: 'lineage-a', serial: 1 }, 'dev'))
    return { directory, backend }
  }
  t.ok(bytesIn((await writeTwo(plainCodec)).directory).includes(canary), 'it would be found if it were there')
  for (const keys of [FIRST, kms('alias/state')]) {
    const { directory, backend } = await writeTwo(codecOf(keys))
    t.notOk(bytesIn(directory).includes(canary), keys.name)
    t.notOk(bytesIn(directory).includes('sha256:ca7a'))
    t.same(await backend.read('dev'), snapshot(2))
    t.same(await backend.snapshot('dev', 1), snapshot(1), 'STA-9: a snapshot of the history is read by the same key')
    t.match(await backend.history('dev'), [{ serial: 1, blocks: 1, intact: true }])
  }
})
