import t, { type Test } from 'tap'
import { openBuckets } from '../../src/aws/bucket.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { createS3StateBackend, type S3StateOptions } from '../../src/state/backends/s3.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { thisHolder } from '../../src/state/process.ts'
import { heldClock, snapshotOf, stateBackendContract } from '../conformance/state-backend.ts'
import { S3_KEYS, type S3Server, s3Object, startS3Server } from '../support/s3-server.ts'

const STATE = 'flowrun/shop/dev.json'
const AT_1 = { lineage: 'lineage-a', serial: 1 }
const AT_2 = { lineage: 'lineage-a', serial: 2 }
const clock = heldClock()

async function openBackend(t: Test, server: S3Server, changes: Partial<S3StateOptions> = {}): Promise<StateBackend> {
  const keys = { access: S3_KEYS.AWS_ACCESS_KEY_ID, secret: S3_KEYS.AWS_SECRET_ACCESS_KEY }
  const buckets = await openBuckets({ endpoint: server.url, forcePathStyle: true, keys })
  t.teardown(() => buckets.close())
  return createS3StateBackend({ bucket: buckets.bucket('acme'), key: 'flowrun/', project: 'shop', clock, ...changes })
}

async function serverFor(t: Test): Promise<S3Server> {
  const server = await startS3Server('acme')
  t.teardown(() => server.close())
  return server
}

async function opened(t: Test, changes: Partial<S3StateOptions> = {}) {
  const server = await serverFor(t)
  return { server, objects: server.bucket('acme'), backend: await openBackend(t, server, changes) }
}

stateBackendContract(t, 's3', t => {
  const clock = heldClock()
  const server = serverFor(t)
  return { clock, lacks: ['leases'], open: async () => openBackend(t, await server, { clock }) }
})

t.test('a state, its lock and its earlier states are objects whose keys name project and environment', async t => {
  const { objects, backend } = await opened(t)
  await backend.write('dev', stateWrite(snapshotOf(1), null))
  await backend.write('dev', stateWrite(snapshotOf(2), AT_1))
  const taken = await backend.lock('dev', thisHolder('apply', '1.0.0', clock))
  t.same([...objects.keys()].sort(), ['flowrun/conditions.json', 'flowrun/shop/dev.history/0000000001.json', STATE, `${STATE}.tflock`])
  t.equal(backend.name, 's3://acme/flowrun')
  const id = taken.outcome === 'locked' ? taken.lock.id : ''
  t.match(JSON.parse(objects.get(`${STATE}.tflock`)?.body ?? ''), {
    ID: id,
    Operation: 'flowrun apply',
    Who: /.@./,
    Version: '1.0.0',
    Created: '2026-11-21T14:02:11.000Z',
    Path: `${STATE}.tflock`,
  })
})

t.test('STA-9: as many earlier states are kept as the environment says', async t => {
  const { backend } = await opened(t, { keep: 2 })
  for (let serial = 1; serial <= 5; serial++) {
    await backend.write('dev', stateWrite(snapshotOf(serial), serial === 1 ? null : { ...AT_1, serial: serial - 1 }))
  }
  t.match(await backend.history('dev'), [{ serial: 4 }, { serial: 3 }])
})

t.test('STA-4: of many who write at once, one does, and the others are told what they found', async t => {
  const { server, backend } = await opened(t)
  await backend.write('dev', stateWrite(snapshotOf(1), null))
  const writers = await Promise.all(Array.from({ length: 8 }, () => openBackend(t, server)))
  const outcomes = await Promise.all(
    writers.map((writer, index) => writer.write('dev', stateWrite(snapshotOf(2, { release: index }), AT_1))),
  )
  t.equal(outcomes.filter(({ outcome }) => outcome === 'written').length, 1)
  for (const answer of outcomes) if (answer.outcome === 'conflict') t.same(answer.found, AT_2)
  const winner = outcomes.findIndex(({ outcome }) => outcome === 'written')
  t.match(await backend.read('dev'), { serial: 2, release: winner })
  t.match(await backend.history('dev'), [{ serial: 1, intact: true }])
})

t.test('LOCK-1: of many who lock at once, one does', async t => {
  const { server } = await opened(t)
  const contenders = await Promise.all(Array.from({ length: 8 }, () => openBackend(t, server)))
  const answers = await Promise.all(contenders.map(backend => backend.lock('dev', thisHolder('apply', '1.0.0', clock))))
  t.equal(answers.filter(({ outcome }) => outcome === 'locked').length, 1)
})

t.test('STORE-8: a write whose answer was lost is found, and is not told as a conflict', async t => {
  const { server, backend } = await opened(t)
  server.fail({ kind: 'answer', where: `PUT acme/${STATE}`, times: 1 })
  t.same(await backend.write('dev', stateWrite(snapshotOf(1), null)), { outcome: 'written' })
  server.fail({ kind: 'answer', where: `PUT acme/${STATE} if-match`, times: 1 })
  t.same(await backend.write('dev', stateWrite(snapshotOf(2), AT_1)), { outcome: 'written' })
  server.fail({ kind: 'answer', where: `PUT acme/${STATE}.tflock`, times: 1 })
  t.match(await backend.lock('dev', thisHolder('apply', '1.0.0', clock)), { outcome: 'locked' })
  t.match(await backend.read('dev'), { serial: 2 })
})

t.test('a server that does not look at conditions is refused, before two writers lose a state', async t => {
  const refusal = {
    code: 's3/no-conditions',
    diagnostic: { summary: 'The server of s3://acme does not look at the conditions of a write' },
  }
  for (const fault of [
    { kind: 'conditions' },
    { kind: 'conditions', where: 'if-match' },
    { kind: 'status', status: 501, code: 'NotImplemented', where: 'if-none-match' },
  ] as const) {
    const { server, objects, backend } = await opened(t)
    server.fail(fault)
    await t.rejects(backend.lock('dev', thisHolder('apply', '1.0.0', clock)), refusal)
    await t.rejects(backend.write('dev', stateWrite(snapshotOf(1), null)), refusal)
    t.notOk(objects.has(STATE))
    t.notOk(objects.has(`${STATE}.tflock`))
  }
})

t.test('a damaged state names its object, and the snapshot to go back to', async t => {
  const { objects, backend } = await opened(t)
  for (let serial = 1; serial <= 3; serial++) {
    await backend.write('dev', stateWrite(snapshotOf(serial), serial === 1 ? null : { ...AT_1, serial: serial - 1 }))
  }
  const body = objects.get(STATE)?.body ?? ''
  objects.set(STATE, s3Object(body.replace('"release\\":3', '"release\\":4')))
  await t.rejects(backend.read('dev'), {
    code: 'state/corrupt',
    diagnostic: {
      detail:
        /^s3:\/\/acme\/flowrun\/shop\/dev\.json: the snapshot with serial 3 does not match its digest\n.*intact: serial 2, .*Nothing was changed\.$/s,
    },
  })
  t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 3 })

  for (const damage of ['', 'not JSON', '{"version":4}', '[]']) {
    objects.set(STATE, s3Object(damage))
    await t.rejects(
      backend.read('dev'),
      { code: 'state/corrupt', diagnostic: { detail: /serial 3 does not .*intact: serial 2, /s } },
      damage,
    )
  }
  t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 3 }, 'it followed the newest snapshot')
  const earlier = await backend.snapshot('dev', 2)
  if (!earlier) return t.fail('serial 2 is kept')
  const restored = stateWrite({ ...earlier, serial: 4 }, { lineage: 'lineage-a', serial: 3 })
  t.same(await backend.write('dev', restored), { outcome: 'written' })
  t.match(await backend.read('dev'), { serial: 4, release: 2 })
  t.match(await backend.history('dev'), [{ serial: 2 }, { serial: 1 }], 'what was damaged is not kept')

  objects.set('flowrun/shop/dev.history/0000000002.json', s3Object('{}'))
  objects.set('flowrun/shop/dev.history/notes.txt', s3Object('somebody was here'))
  await t.rejects(backend.snapshot('dev', 2), { code: 'state/corrupt', diagnostic: { detail: /dev\.history\/0000000002\.json/ } })
  t.match(await backend.history('dev'), [
    { serial: 2, intact: false },
    { serial: 1, intact: true },
  ])
})

t.test('a state that is gone under a writer is a conflict with nothing', async t => {
  const { objects, backend } = await opened(t)
  await backend.write('dev', stateWrite(snapshotOf(1), null))
  objects.delete(STATE)
  t.same(await backend.write('dev', stateWrite(snapshotOf(2), AT_1)), { outcome: 'conflict', found: null })
  t.equal(await backend.currentVersion('dev'), undefined)
})

t.test('LOCK-3, LOCK-4: a lock of another program, or one that cannot be read, is held until it is forced open', async t => {
  const { objects, backend } = await opened(t)
  const mine = thisHolder('apply', '1.0.0', clock)
  const foreign = {
    ID: 'c0ffee',
    Operation: 'OperationTypeApply',
    Who: 'bo@lap\u001b[2Jtop',
    Version: '1.11.4',
    Created: '2026-11-21T13:00:00Z',
  }
  objects.set(`${STATE}.tflock`, s3Object(JSON.stringify(foreign)))
  t.match(await backend.lock('dev', mine), {
    outcome: 'held',
    by: {
      id: 'c0ffee',
      user: 'bo',
      host: 'lap [2Jtop',
      pid: 0,
      operation: 'apply of Terraform or OpenTofu 1.11.4',
      sinceMs: Date.UTC(2026, 10, 21, 13),
    },
  })
  t.equal(await backend.forceUnlock('dev', 'c0ffee'), true)
  for (const text of ['', 'x', '{"ID":""}', '[1]']) {
    objects.set(`${STATE}.tflock`, s3Object(text))
    t.match(await backend.lock('dev', mine), { outcome: 'held', by: { id: 'unknown', pid: 0 } })
  }
  t.equal(await backend.forceUnlock('dev', 'unknown'), true)
  t.match(await backend.lock('dev', mine), { outcome: 'locked' })
})

t.test('FAIL-9: a bucket that cannot be reached is told, and the next try asks again', async t => {
  const { server, backend } = await opened(t)
  server.fail({ kind: 'status', status: 503, code: 'SlowDown' })
  const mine = thisHolder('apply', '1.0.0', clock)
  await t.rejects(backend.lock('dev', mine), { code: 's3/unreachable', retryable: true })
  await t.rejects(backend.read('dev'), { code: 's3/unreachable', diagnostic: { detail: /while reading flowrun\/shop\/dev\.json\./ } })
  server.fail(undefined)
  t.match(await backend.lock('dev', mine), { outcome: 'locked' })
  server.fail({ kind: 'status', status: 403, code: 'AccessDenied', where: 'DELETE' })
  for (let serial = 1; serial <= 3; serial++) {
    const expected = serial === 1 ? null : { ...AT_1, serial: serial - 1 }
    t.same(
      await backend.write('dev', stateWrite(snapshotOf(serial), expected)),
      { outcome: 'written' },
      'earlier states stay, and the write stands',
    )
  }
})
