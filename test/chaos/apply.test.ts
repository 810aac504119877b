import { type ChildProcess, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { type CliEnd, type CliOptions, startCli } from '../support/cli-process.ts'
import { CRASH_POINTS } from '../support/crash-points.ts'
import { isEmpty, type TestProject, testProject } from '../support/project.ts'
import { randomOf } from '../support/seeded.ts'
import { startStateServer } from '../support/state-server.ts'

const KILLS = Number(process.env.FLOWRUN_CHAOS_KILLS ?? 50)
const SEED = Number(process.env.FLOWRUN_CHAOS_SEED ?? Date.now() % 1_000_000)
/** Random instants reach this much beyond the time that an undisturbed apply took: a busy machine takes longer. */
const LATEST = 1.3
const PROMPTS = 298

// The kills at named points and the other tests took two minutes on a machine under load.
t.setTimeout(400_000 + KILLS * 4000)

/** 300 blocks, of which a new generation changes all prompts; 4 KB each, so that one upload is two transactions. */
function configuration(generation: number, state = ''): string {
  return `environment "dev" {\n${state}\n}

provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}

prompt "p" {
  for_each = toset([for i in range(${PROMPTS}) : format("%03d", i)])
  model    = model.fast
  user     = "Generation ${generation}, block \${each.key}. \${join("", [for i in range(200) : "Answer step by step. "])}"
}
`
}

/** After a kill: the state opens, the release is the old or the new one, and plan and apply converge with nothing done twice. */
async function converges(t: Test, project: TestProject, before: number): Promise<boolean> {
  const registry = await project.registry()
  const { release } = await registry.head('dev')
  const released = release === before + 1
  if (!released) t.equal(release, before, 'the release is the old or the new one')
  t.same(registry.store.prepared<{ integrity_check: string }>('PRAGMA integrity_check').all(), [{ integrity_check: 'ok' }])
  t.match(await registry.verifyAudit(), { intact: true })
  const versions = new Set(
    [...(await registry.pointers('dev')).pointers].flatMap(([address, { version }]) => (address.startsWith('prompt.') ? [version] : [])),
  )
  t.ok(versions.size <= 1, 'nobody sees half of a release')
  await registry.close()

  const plan = await project.plan()
  t.equal(plan.changes.length, released ? 0 : before === 0 ? PROMPTS + 2 : PROMPTS, 'all of it is to be done, or nothing')
  t.same(plan.drift, [], 'STA-3: an own release is not taken for one of others')
  const result = await project.apply()
  t.match(result.outcome, /applied|nothing-to-do/)
  t.ok(isEmpty(await project.plan()), 'no changes')
  const after = await project.registry()
  t.equal((await after.releases('dev')).length, before + 1, 'REL-2: one release, whoever made it')
  await after.close()
  return released
}

async function killed(folder: string, killAfterMs: number): Promise<CliEnd> {
  const { child, ended } = startCli(['apply', '--yes', '-concise'], { folder })
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const end = await ended
  clearTimeout(timer)
  return end
}

for (const kind of ['sqlite', 'http'] as const) {
  t.test(
    `an apply of 300 blocks, killed at every point and at ${Math.ceil(KILLS / 2)} random instants, ${kind} state, seed ${SEED}`,
    async t => {
      const server = kind === 'http' ? await startStateServer({ etags: 'strong' }) : undefined
      t.teardown(() => server?.close())
      const state = server ? `  state "http" {\n    address      = "${server.url}/dev"\n    lock_address = "${server.url}/dev"\n  }` : ''
      const project = testProject(configuration(0, state))
      const measured = await startCli(['apply', '--yes', '-concise'], project).ended
      t.match(measured.stdout, /Apply complete! Release 1 of dev: 300 added/)
      let release = 1
      for (const [point, isReleased] of CRASH_POINTS) {
        project.write(configuration(release, state))
        const end = await startCli(['apply', '--yes', '-concise'], { folder: project.folder, environment: { FLOWRUN_CRASH_AT: point } })
          .ended
        t.equal(end.signal, 'SIGKILL', `killed at ${point}`)
        t.equal(await converges(t, project, release), isReleased, point)
        release++
      }
      const random = randomOf(SEED)
      let { tookMs } = measured
      let [kills, died] = [0, 0]
      // A machine that is less busy than when it was measured may be done before each of a few instants.
      for (; kills < Math.ceil(KILLS / 2) || (died === 0 && kills < KILLS + 20); kills++) {
        project.write(configuration(release, state))
        const end = await killed(project.folder, random() * tookMs * LATEST)
        if (end.signal === 'SIGKILL') died++
        else tookMs = end.tookMs
        await converges(t, project, release)
        release++
      }
      t.comment(`${died} of ${kills} killed; undisturbed it took ${Math.round(tookMs)} ms`)
      t.ok(died > 0)
    },
  )
}

t.test('twenty applies of different configurations at once: one release for each that says so, none lost, no gap', async t => {
  const text = (body: string) =>
    `variable "text" { default = "first" }\n\nprovider "simulated" {}\n\nmodel "fast" {\n  provider = provider.simulated\n  id       = "simulated-small"\n}\n\n${body}`
  const project = testProject(text('prompt "answer" {\n  model = model.fast\n  user  = var.text\n}\n'))
  await project.apply()
  const ends = await Promise.all(
    Array.from({ length: 20 }, (_, index) => startCli(['apply', '--yes', '-concise', '-var', `text=text ${index}`], project).ended),
  )
  const done = ends.filter(({ code }) => code === 0)
  for (const { code, stderr } of ends)
    if (code !== 0) t.match(stderr, /\[(apply\/moved|apply\/contended|state\/locked)\]/, 'the others are told')
  const registry = await project.registry()
  const releases = await registry.releases('dev')
  t.equal(releases.length, done.length + 1, `${done.length} of 20 came through`)
  t.ok(done.length > 0)
  t.same(
    releases.map(({ number }) => number).toSorted((a, b) => a - b),
    Array.from({ length: releases.length }, (_, index) => index + 1),
  )
  const versions = await registry.versionsOf('prompt.answer')
  t.same(
    versions.map(({ version }) => version),
    Array.from({ length: versions.length }, (_, index) => versions.length - index),
    'ID-7: numbers without gaps',
  )
  t.equal(versions.length, done.length + 1, 'each of them published its text')
  const told = done.map(({ stdout }) => Number(/Release (\d+) of dev/.exec(stdout)?.[1]))
  t.same(
    told.toSorted((a, b) => a - b),
    Array.from({ length: done.length }, (_, index) => index + 2),
    'each was told a release of its own',
  )
  t.match(await registry.verifyAudit(), { intact: true })
  await registry.close()
})

t.test('LOCK-5: an apply whose lock was stolen mid-way finishes or is refused by the compare-and-swap, and nothing is lost', async t => {
  const project = testProject(configuration(0))
  await project.apply()
  const random = randomOf(SEED)
  for (let round = 1; round <= 4; round++) {
    project.write(configuration(round))
    const slow = startCli(['apply', '--yes', '-concise'], project)
    t.teardown(() => slow.child.kill('SIGKILL'))
    await delay(150 + random() * 250)
    const held = await stopBetweenWrites(slow.child, project)
    if (held) await startCli(['force-unlock', held.id, '--yes'], project).ended
    const other = await startCli(['apply', '--yes', '-concise', '-lock-timeout=0s'], project).ended
    slow.child.kill('SIGCONT')
    const first = await slow.ended
    const codes = [first.code, other.code]
    t.ok(codes.includes(0), `one of them came through: ${first.stderr}${other.stderr}`)
    const after = await project.registry()
    t.equal((await after.releases('dev')).length, round + 1, 'the same change is released once')
    await after.close()
    t.ok(isEmpty(await project.plan()))
  }
})

/**
 * One that is stopped in the middle of a transaction keeps all others out, as SQLite promises: it may go on, and is stopped
 * again. @returns the lock of the state that is held then.
 */
async function stopBetweenWrites(child: ChildProcess, project: TestProject): Promise<{ readonly id: string } | undefined> {
  for (;;) {
    child.kill('SIGSTOP')
    try {
      const registry = await project.registry()
      const { store } = registry
      return await store.write(() => store.prepared<{ id: string }>('SELECT id FROM state_lock').get()).finally(() => registry.close())
    } catch (error) {
      if (!(error instanceof OperationError) || !error.retryable) throw error
      child.kill('SIGCONT')
      await delay(1)
    }
  }
}

function asStranger(t: Test, project: TestProject): CliOptions {
  if (process.getuid?.() !== 0) return { folder: project.folder }
  spawnSync('chown', ['-R', '65534', project.folder])
  for (let folder = join(project.folder, '..'); folder !== '/'; folder = join(folder, '..')) chmodSync(folder, 0o755)
  t.comment('as user 65534')
  return { folder: project.folder, uid: 65_534 }
}

t.test('a read-only folder: nothing is changed, and said so', async t => {
  const project = testProject(configuration(0))
  await project.apply()
  const options = asStranger(t, project)
  const data = join(project.folder, '.flowrun')
  chmodSync(join(data, 'state.db'), 0o444)
  chmodSync(data, 0o555)
  project.write(configuration(1))
  const end = await startCli(['apply', '--yes', '-concise'], options).ended
  t.equal(end.code, 1)
  t.match(end.stderr, /\[registry\/read-only\]/)
  t.match(end.stderr, /Nothing\s+was\s+changed\./)
  chmodSync(data, 0o755)
  chmodSync(join(data, 'state.db'), 0o644)
  await project.apply()
  t.ok(isEmpty(await project.plan()))
})

t.test('FAIL-3: a full disk: the old release stays, and when there is room the apply converges', async t => {
  const project = testProject(configuration(0))
  const data = join(project.folder, '.flowrun')
  mkdirSync(data)
  const mount = (...words: readonly string[]) => spawnSync('mount', [...words, data], { encoding: 'utf8' }).status === 0
  if (!mount('-t', 'tmpfs', '-o', 'size=6m', 'tmpfs')) {
    t.comment('skipped: a small file system cannot be mounted here')
    return
  }
  t.teardown(() => {
    spawnSync('umount', [data])
    rmSync(data, { recursive: true, force: true })
  })
  await project.apply()
  let release = 1
  let full: CliEnd | undefined
  while (full === undefined && release < 20) {
    project.write(configuration(release))
    const end = await startCli(['apply', '--yes', '-concise'], project).ended
    if (end.code === 0) release++
    else full = end
  }
  t.match(full?.stderr, /\[registry\/full\]/)
  t.match(full?.stderr, /Nothing\s+was\s+changed\./)
  t.match((await startCli(['releases', '--json'], project).ended).stdout, `"number": ${release}`)
  t.ok(mount('-o', 'remount,size=64m'))
  await converges(t, project, release)
})
