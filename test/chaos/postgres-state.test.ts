import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { Stores } from '../../src/operations/stores.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { openPostgresStateBackend } from '../../src/state/backends/postgres.ts'
import { catchUp } from '../../src/state/catch-up.ts'
import { hostIn, prompt } from '../support/configuration.ts'
import { type Cut, type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { isEmpty, type TestProject, testProject } from '../support/project.ts'

/** Each statement is cut at in one of the four ways below, the seed says in which; with more kills than usual in all. */
const KILLS = Number(process.env.FLOWRUN_CHAOS_KILLS ?? 50)
const SEED = Number(process.env.FLOWRUN_CHAOS_SEED ?? Date.now() % 1_000_000)
const CUTS: readonly Omit<Cut, 'at'>[] = [
  { loses: 'request', forGood: false },
  { loses: 'answer', forGood: false },
  { loses: 'request', forGood: true },
  { loses: 'answer', forGood: true },
]
const DEAD_PROCESS = spawnSync(process.execPath, ['--version']).pid

t.setTimeout(240_000 + KILLS * 2000)

const generationText = (generation: number) => prompt(`user = "Generation ${generation}."`)

/** A project with its state in a schema, behind a proxy that cuts. */
interface Deployment {
  readonly project: TestProject
  readonly proxy: CuttingProxy
  /** Past the proxy. */
  readonly direct: () => Promise<StateBackend>
  /** The process that applied is gone: a lock that it left is nobody's. */
  readonly buryHolder: () => Promise<unknown>
  generation: number
}

function deployment(postgres: TestPostgres, proxy: CuttingProxy, url: string, schema: string): Deployment {
  const proxied = new URL(url)
  proxied.port = String(proxy.port)
  const open = (address: string) =>
    openPostgresStateBackend({
      url: address,
      schema,
      skipSchemaCreation: false,
      sslMode: undefined,
      project: 'project',
      flowrunVersion: '0.1.0',
      firstWaitMs: 1,
    })
  const project = testProject(generationText(0), (folder, environment) => ({
    ...hostIn(folder, environment),
    async openStores(): Promise<Stores> {
      const registry = await project.registry()
      const backend = await open(proxied.href)
      const close = async () => {
        await backend.close()
        await registry.close()
      }
      return { registry, backend, close }
    },
  }))
  return {
    project,
    proxy,
    generation: 0,
    direct: () => open(url),
    buryHolder: () => postgres.run(url, `UPDATE ${schema}.state_lock SET pid = ${DEAD_PROCESS}`).catch(() => undefined),
  }
}

/** Applies the next generation; the connection may be cut meanwhile. Then once more, as a person would. */
async function applyTwice(t: Test, of: Deployment, cut?: Cut): Promise<'cut' | 'through'> {
  const { project, proxy } = of
  of.generation++
  project.write(generationText(of.generation))
  proxy.arm(cut)
  const first = await project.apply().catch((error: unknown) => error)
  const wasCut = cut !== undefined && proxy.statements >= cut.at
  proxy.arm()
  if (first instanceof OperationError) {
    t.ok(wasCut && cut.forGood, 'it fails only when the database does not come back')
    t.match(first.code, /^state\/(unreachable|not-written)$/)
  } else t.match(first, { outcome: 'applied', release: { number: of.generation } })

  await of.buryHolder()
  if (first instanceof OperationError) t.match(await project.apply(), { outcome: /applied|nothing-to-do/ })
  t.ok(isEmpty(await project.plan()), 'the next plan has no changes')
  await verify(t, of, first instanceof OperationError)
  return wasCut ? 'cut' : 'through'
}

async function verify(t: Test, { project, generation, direct }: Deployment, failed: boolean): Promise<void> {
  const registry = await project.registry()
  const backend = await direct()
  t.equal((await registry.releases('dev')).length, generation, 'one release of each generation: nothing was done twice')
  t.equal((await registry.versionsOf('prompt.answer')).length, generation)
  t.match(await registry.verifyAudit(), { intact: true })
  const state = await backend.read('dev')
  if (!failed) t.match(state, { release: generation }, 'the state was written')
  const { snapshot, pointers } = await catchUp(registry, backend, 'dev', () => 'none')
  t.equal(snapshot.owned.get('prompt.answer')?.version, generation)
  t.equal(snapshot.owned.size, pointers.pointers.size)
  const history = await backend.history('dev')
  t.ok(history.every(({ intact }) => intact))
  t.equal(history.length, Math.min(30, (state?.serial ?? 1) - 1), 'STA-9: each serial was written once, and none is missing')
  await backend.close()
  await registry.close()
}

const postgres = await startPostgres(t)

t.test('STORE-8: a connection that is lost at any statement of an apply', { skip: typeof postgres === 'string' && postgres }, async t => {
  if (typeof postgres === 'string') return
  const proxy = await startCuttingProxy(postgres.port)
  t.teardown(() => proxy.close())
  const url = await postgres.createDatabase()

  const step = KILLS > 50 ? 1 : CUTS.length
  const firstStep = KILLS > 50 ? 1 : 2 * CUTS.length
  for (const [index, { loses, forGood }] of CUTS.entries()) {
    const start = 1 + ((SEED + index) % step)
    const way = `the ${loses} is lost, ${forGood ? 'and each one after it' : 'once'}`
    await t.test(`${way}, seed ${SEED}`, async t => {
      const later = deployment(postgres, proxy, url, `later_${index}`)
      await applyTwice(t, later)
      let at = start
      while ((await applyTwice(t, later, { at, loses, forGood })) === 'cut') at += step
      t.ok(at > 15, `${at - 1} statements`)
    })
    await t.test(`${way}, while the tables and the first state are made, seed ${SEED}`, async t => {
      const first = (at: number) => applyTwice(t, deployment(postgres, proxy, url, `first_${index}_${at}`), { at, loses, forGood })
      let at = start
      while ((await first(at)) === 'cut') at += firstStep
      t.ok(at > 20, `${at - 1} statements`)
    })
  }
})
