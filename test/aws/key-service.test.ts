import { mock } from 'node:test'
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import t, { type Test } from 'tap'
import { createKeyService, KEPT_MS, type KeyService } from '../../src/aws/key-service.ts'
import type { ServiceSource } from '../../src/base/sealing.ts'
import type { OperationError } from '../../src/diagnostics/operation-error.ts'
import { type KmsServer, startKmsServer } from '../support/kms-server.ts'

const KEYS = { access: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI' }
const CONTEXT = { project: 'support', environment: 'prod' }

async function startedService(t: Test): Promise<{ readonly server: KmsServer; readonly service: KeyService; readonly arn: string }> {
  const server = await startKmsServer()
  const arn = server.createKey('alias/flowrun')
  const service = await createKeyService({ endpoint: server.url, keys: KEYS })
  t.teardown(async () => {
    service.close()
    await server.close()
  })
  return { server, service, arn }
}

function serviceSource(source: { readonly provider: string }): ServiceSource {
  if (source.provider !== 'kms') throw new Error('not of a service')
  return source as ServiceSource
}

t.test('the server of these tests speaks to the official client as KMS does', async t => {
  const { server, arn } = await startedService(t)
  const client = new KMSClient({ region: 'eu-central-1', endpoint: server.url, credentials: { accessKeyId: 'AKID', secretAccessKey: 's' } })
  t.teardown(() => client.destroy())
  const made = await client.send(new GenerateDataKeyCommand({ KeyId: 'alias/flowrun', KeySpec: 'AES_256', EncryptionContext: CONTEXT }))
  t.equal(made.KeyId, arn)
  t.equal(made.Plaintext?.length, 32)
  const { CiphertextBlob } = made
  const read = await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }))
  t.same(read.Plaintext, made.Plaintext)
  await t.rejects(client.send(new DecryptCommand({ CiphertextBlob })), { name: 'InvalidCiphertextException' }, 'without its context')
  server.createKey('alias/other')
  const other = new DecryptCommand({ CiphertextBlob, KeyId: 'alias/other', EncryptionContext: CONTEXT })
  await t.rejects(client.send(other), { name: 'IncorrectKeyException' })
  server.failNext('ThrottlingException', 2)
  await client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }))
})

t.test('a data key is made, and had again under its key and context alone', async t => {
  const { server, service, arn } = await startedService(t)
  const { key, source } = await service.generateDataKey('alias/flowrun', CONTEXT)
  t.equal(key.symmetricKeySize, 32)
  t.match(source, { provider: 'kms', key_id: arn })
  const fresh = await createKeyService({ endpoint: server.url, keys: KEYS })
  t.teardown(() => fresh.close())
  const found = await fresh.decrypt(arn, serviceSource(source), CONTEXT)
  t.ok(found?.equals(key))
  t.equal(await fresh.decrypt(arn, serviceSource(source), { ...CONTEXT, environment: 'dev' }), undefined, 'another context')
  server.createKey('alias/new')
  t.equal(await fresh.decrypt('alias/new', serviceSource(source), CONTEXT), undefined, 'another key')
  t.equal(await fresh.decrypt(arn, { ...serviceSource(source), data_key: 'AAAA' }, CONTEXT), undefined, 'altered')
})

t.test('FAIL-6: a data key is kept at most five minutes, and asked for once by many', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { server, service } = await startedService(t)
  const asked = () => server.requests.filter(({ operation }) => operation === 'Decrypt').length
  const source = serviceSource((await service.generateDataKey('alias/flowrun', CONTEXT)).source)
  const decrypt = () => service.decrypt('alias/flowrun', source, CONTEXT)
  await decrypt()
  t.equal(asked(), 0, 'what was just made is known')
  mock.timers.tick(KEPT_MS)
  await Promise.all([decrypt(), decrypt(), decrypt()])
  t.equal(asked(), 1)
  mock.timers.tick(KEPT_MS - 1)
  await decrypt()
  t.equal(asked(), 1)
  mock.timers.tick(1)
  await decrypt()
  t.equal(asked(), 2)
})

t.test('each refusal of KMS says what to do, and names nobody', async t => {
  const { server, service } = await startedService(t)
  const refused = async (name: string, times = 1): Promise<OperationError> => {
    server.failNext(name, times)
    return service.generateDataKey('alias/flowrun', CONTEXT).then(
      () => t.fail('it was not refused'),
      error => error,
    )
  }
  for (const [name, code, times] of [
    ['AccessDeniedException', 'kms/denied', 1],
    ['ExpiredTokenException', 'kms/denied', 1],
    ['NotFoundException', 'kms/no-key', 1],
    ['DisabledException', 'kms/refused', 1],
    ['KMSInvalidStateException', 'kms/refused', 1],
    ['ThrottlingException', 'kms/unreachable', 3],
    ['KMSInternalException', 'kms/unreachable', 3],
  ] as const) {
    const error = await refused(name, times)
    t.match(error, { code, retryable: code === 'kms/unreachable' }, name)
    t.match(error.diagnostic.summary, 'alias/flowrun')
    t.match(error.diagnostic.detail, /Nothing was changed\.$/)
    t.notMatch(error.diagnostic.detail, '111122223333')
  }
  for (const [type, body] of [
    ['text/html', '<!doctype html><p>Sign in'],
    ['application/x-amz-json-1.1', '{}'],
    ['application/x-amz-json-1.1', '{"KeyId":"k","CiphertextBlob":"AAAA","Plaintext":"AAAA"}'],
  ] as const) {
    server.answerNext(type, body)
    const error = { code: 'kms/refused', diagnostic: { detail: /^The answer is not one of KMS\. / } }
    await t.rejects(service.generateDataKey('alias/flowrun', CONTEXT), error, body)
  }
  await t.rejects(service.generateDataKey('alias/nothing', CONTEXT), { code: 'kms/no-key' })
  t.ok(await service.generateDataKey('alias/flowrun', CONTEXT), 'and the next call works')
})

t.test('a refusal is not remembered', async t => {
  const { server, service } = await startedService(t)
  const source = serviceSource((await service.generateDataKey('alias/flowrun', CONTEXT)).source)
  const fresh = await createKeyService({ endpoint: server.url, keys: KEYS })
  t.teardown(() => fresh.close())
  server.failNext('AccessDeniedException')
  await t.rejects(fresh.decrypt('alias/flowrun', source, CONTEXT), { code: 'kms/denied' })
  t.ok(await fresh.decrypt('alias/flowrun', source, CONTEXT))
})

t.test('without anybody there, credentials or a region, the error says which is missing', async t => {
  const server = await startKmsServer()
  await server.close()
  const nobody = await createKeyService({ endpoint: server.url, keys: KEYS })
  await t.rejects(nobody.generateDataKey('alias/x', {}), {
    code: 'kms/unreachable',
    diagnostic: { detail: /ECONNREFUSED.*, three times\./ },
  })
  // Nothing of this machine may answer in place of what is missing.
  const nowhere = { AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere', AWS_EC2_METADATA_DISABLED: 'true' }
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']
  t.intercept(process, 'env', {
    value: { ...Object.fromEntries(Object.entries(process.env).filter(([n]) => !names.includes(n))), ...nowhere },
  })
  const nameless = await createKeyService({ endpoint: server.url })
  await t.rejects(nameless.generateDataKey('alias/x', {}), { code: 'kms/no-credentials' })
  const placeless = await createKeyService({ keys: KEYS })
  await t.rejects(placeless.generateDataKey('alias/x', {}), { code: 'kms/no-region' })
  for (const service of [nobody, nameless, placeless]) service.close()
})
