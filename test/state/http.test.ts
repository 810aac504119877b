import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import type { HttpStateOptions } from '../../src/state/backends/http.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { thisHolder } from '../../src/state/process.ts'
import { heldClock, snapshotOf, stateBackendContract } from '../conformance/state-backend.ts'
import { createAuthority } from '../support/certificates.ts'
import { type HttpStateTestOptions, httpStateAt } from '../support/http-state.ts'
import { type StateServer, type StateServerOptions, startStateServer } from '../support/state-server.ts'

interface Stored {
  readonly server: StateServer
  /** The waits between attempts, in milliseconds; nobody waits. */
  readonly waits: readonly number[]
  /** The backend of the address `/state`, locked at the same one. */
  open(options?: HttpStateTestOptions): StateBackend
}

/** @param path of the state below the server. */
function backendAt(url: string, path: string, waits: number[], { access, ...options }: HttpStateTestOptions = {}): StateBackend {
  return httpStateAt(`${url}${path}`, {
    ...options,
    access: { retry: { max: 2, waitMinMs: 1000, waitMaxMs: 30_000 }, sleep: async ms => void waits.push(ms), ...access },
  })
}

async function serve(t: Test, options: StateServerOptions = {}): Promise<Stored> {
  const server = await startStateServer(options)
  t.teardown(() => server.close())
  const waits: number[] = []
  return {
    server,
    waits,
    open(settings) {
      const backend = backendAt(server.url, '/state', waits, settings)
      t.teardown(() => backend.close())
      return backend
    },
  }
}

/** An address is the state of one environment: several of them are several backends. */
function manyEnvironments(open: (environment: string) => StateBackend): StateBackend {
  const backends = new Map<string, StateBackend>()
  const of = (environment: string): StateBackend => {
    const backend = backends.get(environment) ?? open(environment)
    backends.set(environment, backend)
    return backend
  }
  return {
    ...of('dev'),
    read: environment => of(environment).read(environment),
    write: (environment, write) => of(environment).write(environment, write),
    lock: (environment, holder) => of(environment).lock(environment, holder),
    currentLock: environment => of(environment).currentLock(environment),
    forceUnlock: (environment, id) => of(environment).forceUnlock(environment, id),
    history: environment => of(environment).history(environment),
    snapshot: (environment, serial) => of(environment).snapshot(environment, serial),
    currentVersion: environment => of(environment).currentVersion(environment),
    close: async () => void (await Promise.all([...backends.values()].map(backend => backend.close()))),
  }
}

const servers: Readonly<Record<string, StateServerOptions>> = {
  'http, as GitLab has it': {},
  'http with ETags': { etags: 'strong' },
  'http with weak ETags': { etags: 'weak' },
}
for (const [name, options] of Object.entries(servers)) {
  stateBackendContract(t, name, t => {
    const clock = heldClock()
    const started = startStateServer(options)
    t.teardown(async () => (await started).close())
    return {
      clock,
      lacks: ['snapshots', 'leases'],
      async open() {
        const { url } = await started
        return manyEnvironments(environment => backendAt(url, `/${environment}`, [], { clock }))
      },
    }
  })
}

const FIRST = stateWrite(snapshotOf(1), null)
const SECOND = stateWrite(snapshotOf(2), { lineage: 'lineage-a', serial: 1 })
const holder = thisHolder('apply', '1.0.0', systemClock)

async function locked(backend: StateBackend) {
  const taken = await backend.lock('dev', holder)
  if (taken.outcome !== 'locked') throw new Error('the lock is not free')
  return taken.lock
}

t.test('what goes over the wire is what Terraform sends', async t => {
  const { server, open } = await serve(t)
  const backend = open({ access: { credentials: { username: 'ana', password: 'hunter2-hunter2' }, headers: { 'X-Team': 'support' } } })
  const lock = await locked(backend)
  await backend.read('dev')
  await backend.write('dev', FIRST)
  await lock.release()
  t.same(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['LOCK /state', 'GET /state', 'GET /state', `POST /state?ID=${lock.id}`, 'UNLOCK /state'],
    'the order is that of terraform apply',
  )
  for (const { method, headers, body } of server.requests) {
    t.match(headers, { authorization: 'Basic YW5hOmh1bnRlcjItaHVudGVyMg==', 'x-team': 'support', 'user-agent': 'flowrun/1.0.0' })
    if (method !== 'GET') {
      const md5 = createHash('md5').update(body).digest('base64')
      t.match(headers, { 'content-type': 'application/json', 'content-md5': md5, 'content-length': String(Buffer.byteLength(body)) })
    }
  }
  const [taken, , , written, given] = server.requests
  t.equal(given?.body, taken?.body, 'UNLOCK gives back what LOCK took')
  const info = JSON.parse(taken?.body ?? '')
  t.same(Object.keys(info), ['ID', 'Operation', 'Info', 'Who', 'Version', 'Created', 'Path'])
  t.match(info, { ID: lock.id, Operation: 'flowrun apply', Who: `${holder.user}@${holder.host}`, Version: '1.0.0', Path: 'support/dev' })
  t.same(JSON.parse(info.Info), { tool: 'flowrun', operation: 'apply', pid: process.pid, boot_id: holder.bootId })
  t.match(info.Created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.same(JSON.parse(written?.body ?? ''), {
    version: 4,
    terraform_version: '1.0.0',
    serial: 1,
    lineage: 'lineage-a',
    outputs: {},
    resources: [],
    check_results: null,
    flowrun: { format: 'flowrun.http-state/1', project: 'support', environment: 'dev', digest: FIRST.digest, body: FIRST.body },
  })
})

t.test('outputs that anybody may see are outputs of Terraform as well; those of an encrypted text are not', async t => {
  const { server, open } = await serve(t)
  const outputs = new Map([
    ['url', { sensitive: false, type: 'string', value: 'https://example.com' } as const],
    ['limits', { sensitive: false, type: 'any', value: { rate: 1.5, on: true, tags: ['a', null] } } as const],
    ['key', { sensitive: true, type: 'string' } as const],
  ])
  await open().write('dev', stateWrite(snapshotOf(1, { outputs }), null))
  t.same(JSON.parse(server.stored('/state') ?? '').outputs, {
    url: { value: 'https://example.com', type: 'string' },
    limits: {
      value: { rate: 1.5, on: true, tags: ['a', null] },
      type: ['object', { rate: 'number', on: 'bool', tags: ['tuple', ['string', 'dynamic']] }],
    },
  })
  await open().write('dev', { ...SECOND, body: 'c2VhbGVk', digest: FIRST.digest })
  t.same(JSON.parse(server.stored('/state') ?? '').outputs, {})
})

t.test('STA-4: with ETags a write is one compare-and-swap, also for two who both hold no lock', async t => {
  const { server, open } = await serve(t, { etags: 'strong' })
  const [one, other] = [open({ lock: undefined }), open({ lock: undefined })]
  await one.write('dev', FIRST)
  t.equal(server.requests.at(-1)?.headers['if-none-match'], '*')
  const writes = [SECOND, stateWrite(snapshotOf(2, { release: 9 }), { lineage: 'lineage-a', serial: 1 })]
  const outcomes = await Promise.all([one.write('dev', writes[0] ?? SECOND), other.write('dev', writes[1] ?? SECOND)])
  t.same(outcomes.map(({ outcome }) => outcome).sort(), ['conflict', 'written'])
  t.match(
    outcomes.find(({ outcome }) => outcome === 'conflict'),
    { found: { lineage: 'lineage-a', serial: 2 } },
  )
  t.match(server.requests.filter(({ method }) => method === 'POST').at(-1)?.headers, { 'if-match': /^"/ })

  server.script(
    { kind: 'none' },
    { kind: 'status', status: 412 },
    { kind: 'none' },
    { kind: 'status', status: 412 },
    { kind: 'none' },
    { kind: 'status', status: 412 },
  )
  await t.rejects(one.write('dev', stateWrite(snapshotOf(3), { lineage: 'lineage-a', serial: 2 })), {
    code: 'state/unexpected-answer',
    diagnostic: { detail: /It answers POST with 412\./ },
  })
})

t.test('STA-4: the answer to a write is lost: it is written once, and known to be', async t => {
  for (const etags of ['none', 'strong'] as const) {
    const { server, open, waits } = await serve(t, { etags })
    const backend = open()
    server.script({ kind: 'none' }, { kind: 'lost-answer' })
    t.same(await backend.write('dev', FIRST), { outcome: 'written' })
    t.equal(server.requests.filter(({ method }) => method === 'POST').length, 1)
    t.same(waits, [1000])
    server.script({ kind: 'none' }, { kind: 'cut' })
    t.same(await backend.write('dev', SECOND), { outcome: 'written' })
    t.same(await backend.read('dev'), snapshotOf(2))
  }
})

t.test('LOCK-3: the answer to LOCK or UNLOCK is lost: the lock is ours, and then nobody’s', async t => {
  const { server, open } = await serve(t)
  server.script({ kind: 'lost-answer' })
  const lock = await locked(open())
  t.match(server.lockOf('/state'), lock.id)
  server.script({ kind: 'lost-answer' })
  await lock.release()
  t.equal(server.lockOf('/state'), undefined)
  t.equal(await open().currentLock('dev'), undefined)
  t.equal(server.lockOf('/state'), undefined, 'a look leaves no lock behind')
})

t.test('LOCK-5: a write after the lock was lost is refused, and names who has it now', async t => {
  const { server, open } = await serve(t)
  const backend = open()
  const lock = await locked(backend)
  t.equal(lock.lost, false)
  const other = open()
  await other.forceUnlock('dev', lock.id)
  await other.lock('dev', { ...holder, user: 'bo', host: 'laptop-12', operation: 'state mv prompt.a prompt.b' })
  await t.rejects(backend.write('dev', FIRST), {
    code: 'state/locked',
    diagnostic: { detail: /holder {5}bo@laptop-12, process \d+\noperation {2}state mv prompt\.a prompt\.b\n/ },
  })
  t.equal(lock.lost, true)
  await lock.release()
  t.match(server.lockOf('/state'), 'laptop-12', 'the lock of the other stays')
})

t.test('LOCK-3: a lock of Terraform is named, and so is one of whom nothing is known', async t => {
  const { server, open } = await serve(t)
  const terraform =
    '{"ID":"3362fa0e-0226-0b46-cd82-f095530d64f8","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-21T07:03:32.055293527Z","Path":""}'
  const backend = open()
  server.script({ kind: 'status', status: 423, body: terraform })
  t.match(await backend.lock('dev', holder), {
    outcome: 'held',
    by: {
      id: '3362fa0e-0226-0b46-cd82-f095530d64f8',
      user: 'root',
      host: 'vm',
      pid: 0,
      operation: 'apply of Terraform or OpenTofu 1.11.4',
      sinceMs: Date.UTC(2026, 10, 21, 7, 3, 32, 55),
    },
  })
  for (const body of ['', 'Locked.', '[]', '{"ID":7,"Who":"\\u001b[2J\\nroot"}', `{"Info":"${'x'.repeat(100_000)}"}`]) {
    server.script({ kind: 'status', status: 409, body })
    const found = await backend.lock('dev', holder)
    t.match(found, { outcome: 'held', by: { id: 'unknown', host: 'unknown', operation: 'unknown', pid: 0 } })
    if (found.outcome === 'held') t.notMatch(found.by.user, /\n|\u001b/)
  }
})

t.test('LOCK-3: force-unlock where the server does not name the holder is that of Terraform, which names nothing', async t => {
  const { server, open } = await serve(t, { namesHolder: false })
  const lock = await locked(open())
  const other = open()
  t.match(await other.currentLock('dev'), { id: 'unknown', user: 'unknown' })
  t.equal(await other.forceUnlock('dev', lock.id), false)
  t.equal(await other.forceUnlock('dev', 'unknown'), true)
  t.equal(server.lockOf('/state'), undefined)
})

t.test('without lock_address nothing is locked', async t => {
  const { server, open } = await serve(t)
  const backend = open({ lock: undefined })
  const [one, other] = [await locked(backend), await locked(open({ lock: undefined }))]
  t.equal(await backend.currentLock('dev'), undefined)
  t.equal(await backend.forceUnlock('dev', 'any'), false)
  t.same(await backend.write('dev', FIRST), { outcome: 'written' })
  await Promise.all([one.release(), other.release()])
  t.same(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['GET /state', 'POST /state'],
    'and no id is named',
  )
})

t.test('a server that has other verbs, and a query in its address', async t => {
  const { server, open } = await serve(t)
  const address = `${server.url}/state?job=7`
  const lock = { address: `${server.url}/state/lock`, method: 'POST', unlockAddress: `${server.url}/state/lock`, unlockMethod: 'DELETE' }
  const backend = open({ address, updateMethod: 'PUT', lock })
  t.equal(backend.name, `${server.url}/state`, 'a query may hold a token')
  const held = await locked(backend)
  await backend.write('dev', FIRST)
  await held.release()
  t.same(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['POST /state/lock', 'GET /state?job=7', `PUT /state?job=7&ID=${held.id}`, 'DELETE /state/lock'],
  )
})

t.test('retries wait twice as long each time, at most the longest, or as long as the server asks', async t => {
  const { server, open, waits } = await serve(t)
  const backend = open({ access: { retry: { max: 4, waitMinMs: 1000, waitMaxMs: 5000 } } })
  const busy = { kind: 'status', status: 503 } as const
  server.script(
    busy,
    { kind: 'cut' },
    { ...busy, headers: { 'retry-after': '4' } },
    { ...busy, status: 429, headers: { 'retry-after': '9999' } },
  )
  t.equal(await backend.read('dev'), undefined)
  t.same(waits, [1000, 2000, 4000, 5000])
})

t.test('a server that does not answer is told with its address, what was tried, and how often', async t => {
  const { server, open } = await serve(t)
  const told = async (backend: StateBackend) =>
    backend.read('dev').catch(error => `${error.code}: ${error.diagnostic.summary}. ${error.diagnostic.detail}`)
  server.script({ kind: 'down' })
  const cut = await told(open())
  t.equal(
    cut,
    `state/unreachable: The state at ${server.url}/state cannot be reached. It was tried 3 times: the connection was cut. Nothing was changed.`,
  )
  server.script({ kind: 'status', status: 503 })
  t.match(await told(open({ access: { retry: { max: 0, waitMinMs: 0, waitMaxMs: 0 } } })), 'It was tried once: it answered 503.')
  t.match(await told(open({ address: 'http://127.0.0.1:1/state' })), 'It was tried 3 times: nothing listens there.')
  const withHeader = open({ access: { headers: { 'X-Token': 'sk-live-1\n' } } })
  t.match(await told(withHeader), /cannot be sent: invalid x-token header/)
  for (const [status, text] of [
    [302, /It sends on to http:\/\/127\.0\.0\.1:\d+\/login \(302\)\./],
    [405, /It answers GET with 405\./],
    [501, /It answers GET with 501\./],
  ] as const) {
    server.script({ kind: 'status', status, headers: { location: '/login?token=abc' } })
    t.match(await told(open()), text)
  }
  server.script({ kind: 'status', status: 200, body: '<!doctype html><title>Sign in</title>' })
  t.match(await told(open()), /^state\/unexpected-answer: .*is not a JSON document/)
  server.script({ kind: 'status', status: 200, body: '{}', headers: { 'content-md5': 'AAAA' } })
  t.match(await told(open()), /^state\/corrupt: .*does not match its Content-MD5/)
})

t.test('an answer that does not come, or does not end, is not waited for', async t => {
  const { server, open } = await serve(t)
  for (const kind of ['hang', 'drip'] as const) {
    server.script({ kind }, { kind })
    const backend = open({ access: { timeoutMs: 50, retry: { max: 1, waitMinMs: 0, waitMaxMs: 0 } } })
    await t.rejects(backend.read('dev'), {
      code: 'state/unreachable',
      diagnostic: { detail: /^It was tried 2 times: no whole answer came in time\./ },
    })
    t.equal(await backend.read('dev'), undefined)
  }
})

t.test('STA-4: of many who write at once with ETags alone, each serial is written by one', async t => {
  const { open } = await serve(t, { etags: 'strong' })
  const writers = Array.from({ length: 6 }, () => open({ lock: undefined }))
  await writers[0]?.write('dev', FIRST)
  const written = await Promise.all(
    writers.map(async (writer, index) => {
      let count = 0
      for (let round = 0; round < 8; round++) {
        const before = await writer.read('dev')
        if (before === undefined) continue
        const { lineage, serial } = before
        const next = stateWrite({ ...before, serial: serial + 1, release: 1000 * index + round }, { lineage, serial })
        if ((await writer.write('dev', next)).outcome === 'written') count++
      }
      return count
    }),
  )
  const sum = written.reduce((all, count) => all + count, 0)
  t.match(await writers[0]?.read('dev'), { serial: 1 + sum }, 'none was lost, and none was counted twice')
  t.ok(sum >= 8, 'whoever was refused in a round was so by one who came through')
})

t.test('LOCK-4: of many who find the lock of a dead process one takes it', async t => {
  const { server, open } = await serve(t)
  const dead = spawnSync(process.execPath, ['--version']).pid
  await open().lock('dev', { ...holder, pid: dead })
  const taken = await Promise.all(Array.from({ length: 8 }, () => open().lock('dev', holder)))
  const mine = taken.filter(({ outcome }) => outcome === 'locked')
  t.equal(mine.length, 1)
  t.match(mine[0], { tookOver: { pid: dead } })
  t.match(server.lockOf('/state'), mine[0]?.outcome === 'locked' ? mine[0].lock.id : 'nobody')
})

t.test('a server that asks who is there: no message holds a credential', async t => {
  const { server, open } = await serve(t, { credentials: { username: 'ana', password: 'hunter2-hunter2' } })
  const told = (credentials?: { username: string; password: string }) =>
    open(credentials ? { access: { credentials } } : {})
      .read('dev')
      .catch(error => JSON.stringify(error.diagnostic))
  t.match(await told(), 'asks who is there (401), and the environment gives no credentials')
  const refused = await told({ username: 'ana', password: 'wrong-password' })
  t.match(refused, 'knows who asks, and does not allow it (403)')
  t.notMatch(refused, 'wrong-password')
  t.equal(await told({ username: 'ana', password: 'hunter2-hunter2' }), undefined)
  const address = server.url.replace('http://', 'http://ana:hunter2-hunter2@')
  t.notMatch(open({ address: `${address}/state` }).name, 'hunter2')
})

t.test('TLS: only a server that is trusted is asked, and one that asks for a certificate gets ours', async t => {
  const authority = createAuthority('tests')
  const { open } = await serve(t, { tls: { ...authority.issue('server'), clientAuthority: authority.cert } })
  const client = authority.issue('ana')
  const read = (tls: HttpStateOptions['access']['tls']) => open({ access: { tls } }).read('dev')
  t.equal(await read({ rejectUnauthorized: true, ca: authority.cert, ...client }), undefined)
  t.equal(await read({ rejectUnauthorized: false, ...client }), undefined, 'skip_cert_verification')
  await t.rejects(read({ rejectUnauthorized: true, ...client }), {
    code: 'state/unreachable',
    diagnostic: { detail: /^No trusted connection could be made: / },
  })
  await t.rejects(
    read({ rejectUnauthorized: true, ca: authority.cert }),
    { code: 'state/unreachable' },
    'without a certificate of a client',
  )
})

t.test('a state that something else wrote is named, and nothing is written over it', async t => {
  const { server, open } = await serve(t)
  const own = stateWrite(snapshotOf(1), null)
  await open({ project: 'billing' }).write('dev', own)
  const ofBilling = server.stored('/state') ?? ''
  const cases: readonly (readonly [text: string, code: string, detail: RegExp])[] = [
    [
      '{"version":4,"terraform_version":"1.11.4","serial":3,"lineage":"l","outputs":{},"resources":[{}]}',
      'state/foreign',
      /Terraform or OpenTofu 1\.11\.4 wrote it: serial 3, 1 resource\./,
    ],
    [
      '{"serial":1,"lineage":"l","meta":{},"encrypted_data":"AA==","encryption_version":"v0"}',
      'state/foreign',
      /OpenTofu wrote it, encrypted/,
    ],
    ['{"message":"hello"}', 'state/foreign', /not a state of flowrun/],
    [ofBilling, 'state/foreign', /It is that of the environment dev of the project billing\./],
    [ofBilling.replace('flowrun.http-state/1', 'flowrun.http-state/2'), 'state/newer-format', /this flowrun reads flowrun\.http-state\/1/],
    ['{"version":4,', 'state/corrupt', /not whole JSON/],
    ['[1]', 'state/unexpected-answer', /not a JSON document/],
  ]
  for (const [text, code, detail] of cases) {
    server.store('/state', text)
    const backend = open()
    await t.rejects(backend.read('dev'), { code, diagnostic: { detail } })
    await t.rejects(backend.write('dev', own), { code })
    t.equal(server.stored('/state'), text)
  }
})

t.test('a damaged state says so, and tells lineage and serial still', async t => {
  const { server, open } = await serve(t, { etags: 'strong' })
  const backend = open()
  await backend.write('dev', FIRST)
  const text = server.stored('/state') ?? ''
  server.store('/state', text.replace('\\"release\\":1', '\\"release\\":7'))
  await t.rejects(backend.read('dev'), {
    code: 'state/corrupt',
    diagnostic: {
      summary: 'The state of dev cannot be read',
      detail: /serial 1 does not match its digest\n {4}· expected [0-9a-f]{8}\n {4}· found/,
    },
  })
  t.same(await backend.currentVersion('dev'), { lineage: 'lineage-a', serial: 1 })
  server.store('/state', text.replace('"serial": 1', '"serial": 5'))
  await t.rejects(backend.read('dev'), { code: 'state/corrupt', diagnostic: { detail: /\(5\) are not those of its snapshot \(1\)/ } })
  server.store('/state', text.replace('"lineage": "lineage-a",', ''))
  await t.rejects(backend.currentVersion('dev'), { code: 'state/corrupt' })
  server.store('/state', '')
  t.equal(await backend.read('dev'), undefined, 'an answer without a body is no state')
  t.same(await backend.write('dev', FIRST), { outcome: 'written' })
})

t.test('a lock that the server does not take back is told with the way to remove it', async t => {
  const { server, open } = await serve(t)
  const lock = await locked(open())
  server.script({ kind: 'down' })
  await t.rejects(lock.release(), {
    code: 'state/still-locked',
    diagnostic: { summary: 'The lock of dev could not be given back', detail: new RegExp(`flowrun force-unlock ${lock.id}$`) },
  })
})

t.test('an interruption ends the wait between attempts at once, and it is told how far it came', async t => {
  const interruption = new AbortController()
  const { server, open } = await serve(t)
  const sleep = async (ms: number) => {
    interruption.abort()
    await delay(ms, undefined, { signal: interruption.signal })
  }
  const backend = open({ access: { retry: { max: 20, waitMinMs: 30_000, waitMaxMs: 30_000 }, sleep, signal: interruption.signal } })
  server.script({ kind: 'down' })
  await t.rejects(backend.read('dev'), {
    code: 'state/unreachable',
    diagnostic: { detail: 'It was tried once, until the interruption: the connection was cut. Nothing was changed.' },
  })
})
