import { spawn } from 'node:child_process'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import type { CrashPoint } from '../../src/base/crash-point.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { catchUp } from '../../src/state/catch-up.ts'
import { thisHolder } from '../../src/state/process.ts'
import { type ApplyRun, generationText } from '../support/apply-process.ts'
import type { Contender } from '../support/contender-process.ts'
import { CRASH_POINTS } from '../support/crash-points.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor, nextId } from '../support/releases.ts'
import { randomOf } from '../support/seeded.ts'

const SCRIPT = join(import.meta.dirname, '../support/apply-process.ts')
const CONTENDER = join(import.meta.dirname, '../support/contender-process.ts')
const BLOCKS = 60
/** Random instants reach this much beyond the time that an undisturbed apply took: a busy machine takes longer. */
const LATEST = 1.5
const KILLS = Number(process.env.FLOWRUN_CHAOS_KILLS ?? 50)
const SEED = Number(process.env.FLOWRUN_CHAOS_SEED ?? Date.now() % 1_000_000)

t.setTimeout(240_000 + KILLS * 2000)

interface Death {
  readonly signal: NodeJS.Signals | null
  readonly output: string
  /** From the start of the protocol to the end of the process. */
  readonly tookMs: number
}

function runApply(run: ApplyRun, how: { readonly crashAt?: CrashPoint; readonly killAfterMs?: number }): Promise<Death> {
  const env = { ...process.env, FLOWRUN_TEST: '1', ...(how.crashAt && { FLOWRUN_CRASH_AT: how.crashAt }) }
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(run)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let startedAt = 0
  child.stderr.on('data', chunk => {
    output += chunk
  })
  child.stdout.on('data', chunk => {
    output += chunk
    if (startedAt > 0) return
    startedAt = performance.now()
    if (how.killAfterMs !== undefined) void delay(how.killAfterMs).then(() => child.kill('SIGKILL'))
  })
  return new Promise(resolve => child.on('close', (_, signal) => resolve({ signal, output, tookMs: performance.now() - startedAt })))
}

interface Before {
  readonly release: number
  /** The generation that the environment showed before the apply. */
  readonly generation: number
}

/** After a kill: the file opens, the release is the old or the new one whole, and nothing was done twice. */
async function verify(t: Test, run: ApplyRun, before: Before): Promise<boolean> {
  const registry = await openRegistry(run.directory)
  const backend = createSqliteStateBackend(registry)
  const { release } = await registry.head('dev')
  const moved = release === before.release + 1
  if (!moved) t.equal(release, before.release, 'the release is the old or the new one')
  t.same(registry.store.prepared<{ integrity_check: string }>('PRAGMA integrity_check').all(), [{ integrity_check: 'ok' }])
  t.match(await registry.verifyAudit(), { intact: true, rows: release })
  t.equal((await registry.releases('dev')).length, release, 'REG-2: no gap, none twice')
  t.equal((await registry.releaseByApplyId(run.applyId)) !== undefined, moved, 'REL-4: the apply id tells whether it was released')

  const generation = moved ? run.generation : before.generation
  const { pointers } = await registry.pointers('dev')
  t.equal(pointers.size, generation === 0 ? 0 : run.blocks)
  const wrong = [...pointers.values()].filter(
    pointer => pointer.digest !== contentFor(generationText(generation, indexOf(pointer.address))).digest,
  )
  t.same(wrong, [], 'nobody sees half of a release')
  await registry.artifacts([...pointers.values()])

  const { snapshot } = await catchUp(registry, backend, 'dev', () => 'lineage-a')
  const owned = [...snapshot.owned].filter(([address, { version }]) => pointers.get(address)?.version !== version)
  t.same([snapshot.owned.size, owned], [pointers.size, []], 'STA-3: the state says what was released')
  await registry.close()
  return moved
}

function indexOf(address: string): number {
  return Number(address.slice('prompt.p'.length))
}

interface Fate {
  readonly killed: boolean
  readonly released: boolean
}

/** Applies generation after generation to one directory; each apply may be killed. */
async function kill(t: Test, foreignState: boolean, deaths: readonly { readonly crashAt?: CrashPoint; readonly killAfterMs?: number }[]) {
  const directory = t.testdir()
  let before: Before = { release: 0, generation: 0 }
  const fates: Fate[] = []
  for (const [index, how] of deaths.entries()) {
    const run: ApplyRun = { directory, applyId: nextId(), blocks: BLOCKS, generation: index + 1, foreignState }
    const death = await runApply(run, how)
    const killed = death.signal === 'SIGKILL'
    if (!killed) t.match(death.output, /done\n$/, 'it was through before the kill')
    const released = await verify(t, run, before)
    if (released) before = { release: before.release + 1, generation: run.generation }
    fates.push({ killed, released })
  }
  return fates
}

for (const foreignState of [false, true]) {
  const where = foreignState ? 'with the state elsewhere' : 'REL-1: with the state in the same transaction'
  t.test(`killed at each point of the protocol, ${where}`, async t => {
    const fates = await kill(t, foreignState, [{}, ...CRASH_POINTS.map(([crashAt]) => ({ crashAt })), {}])
    const through = { killed: false, released: true }
    t.same(fates, [through, ...CRASH_POINTS.map(([, released]) => ({ killed: true, released })), through])
  })
}

t.test(`killed at ${KILLS} random instants, seed ${SEED}`, async t => {
  const random = randomOf(SEED)
  const measured = await runApply({ directory: t.testdir({}), applyId: nextId(), blocks: BLOCKS, generation: 1, foreignState: false }, {})
  t.match(measured.output, /done\n$/)
  const instants = () => Array.from({ length: Math.ceil(KILLS / 2) }, () => ({ killAfterMs: random() * measured.tookMs * LATEST }))
  for (const foreignState of [false, true]) {
    const fates = await kill(t, foreignState, instants())
    const killed = fates.filter(fate => fate.killed).length
    t.comment(`${killed} killed, ${fates.filter(fate => fate.released).length} released, of ${Math.round(measured.tookMs)} ms each`)
    t.ok(killed > 0, 'some were killed')
  }
})

t.test('four processes release at once: no release is lost, and none has the number of another', async t => {
  const directory = t.testdir()
  const names = ['a', 'b', 'c', 'd']
  const releases = 12
  const exits = names.map(name => {
    const contender: Contender = { directory, name, releases }
    const child = spawn(process.execPath, [CONTENDER, JSON.stringify(contender)], { stdio: ['ignore', 'ignore', 'inherit'] })
    return new Promise(resolve => child.on('close', resolve))
  })
  t.same(await Promise.all(exits), [0, 0, 0, 0])
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  const made = await registry.releases('dev')
  t.same(
    made.map(release => release.number),
    Array.from({ length: names.length * releases }, (_, index) => names.length * releases - index),
  )
  for (const name of names) {
    t.equal(made.filter(release => release.actor === name).length, releases)
    t.equal((await registry.pointers('dev')).pointers.get(`prompt.${name}`)?.version, releases)
  }
  t.match(await registry.verifyAudit(), { intact: true, rows: names.length * releases })
})

t.test('LOCK-4: the lock of a killed apply is taken over at once', async t => {
  const directory = t.testdir()
  await runApply({ directory, applyId: nextId(), blocks: 1, generation: 1, foreignState: false }, { crashAt: 'A4-committed' })
  const registry = await openRegistry(directory)
  t.teardown(() => registry.close())
  const taken = await createSqliteStateBackend(registry).lock('dev', thisHolder('plan', '0.1.0', systemClock))
  t.match(taken, { outcome: 'locked', tookOver: { operation: 'apply' } })
})

t.test('a crash point does nothing outside of tests', async t => {
  const directory = t.testdir()
  const env = { ...process.env, FLOWRUN_CRASH_AT: 'A1-locked', FLOWRUN_TEST: '' }
  const run: ApplyRun = { directory, applyId: nextId(), blocks: 1, generation: 1, foreignState: false }
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify(run)], { env, stdio: 'ignore' })
  t.equal(await new Promise(resolve => child.on('close', resolve)), 0)
})

t.test('STORE-5: a WAL cut anywhere holds exactly the releases before the cut', async t => {
  const directory = t.testdir({ cut: {} })
  const registry = await openRegistry(directory)
  const walFile = join(directory, 'state.db-wal')
  /** Bytes of WAL after each release. */
  const ends: number[] = []
  for (let release = 1; release <= 4; release++) {
    await apply(registry, { 'prompt.p': { text: `p${release}` }, 'prompt.q': { text: `q${release}` } })
    ends.push(statSync(walFile).size)
  }
  const database = join(directory, 'cut', 'state.db')
  copyFileSync(join(directory, 'state.db'), database)
  const wal = readFileSync(walFile)
  await registry.close()

  const random = randomOf(SEED)
  const cuts = [...ends.flatMap(end => [end - 1, end, end + 1]), ...Array.from({ length: 40 }, () => Math.floor(random() * wal.length))]
  const pristine = readFileSync(database)
  for (const cut of cuts) {
    writeFileSync(database, pristine)
    writeFileSync(`${database}-wal`, wal.subarray(0, cut))
    const survivor = await openRegistry(join(directory, 'cut'))
    const expected = ends.filter(end => end <= cut).length
    t.equal((await survivor.head('dev')).release, expected, `cut at byte ${cut} of ${wal.length}, seed ${SEED}`)
    t.same(survivor.store.prepared<{ integrity_check: string }>('PRAGMA integrity_check').all(), [{ integrity_check: 'ok' }])
    t.match(await survivor.verifyAudit(), { intact: true, rows: expected })
    t.equal((await survivor.pointers('dev')).pointers.get('prompt.p')?.version, expected === 0 ? undefined : expected)
    await survivor.close()
  }
})
