import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { compact } from '../base/compact.ts'
import type { UlidSource } from '../base/ids.ts'
import { lazy } from '../base/lazy.ts'
import { flowrunVersion } from '../base/version.ts'
import type { Environment } from '../config/blocks/environment.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { ChildCache } from '../engine/durable/child-cache.ts'
import { closureFromJson } from '../engine/durable/closure-json.ts'
import type { EffectExecutor } from '../engine/durable/effect.ts'
import type { RecordStore } from '../engine/durable/record-store.ts'
import type { BudgetReader } from '../engine/prompt/budgets.ts'
import type { PromptEngine } from '../engine/prompt-engine.ts'
import type { RunEngine, RunEngineOptions, Runs } from '../operations/runs/access.ts'
import type { OpenStores } from '../operations/stores.ts'
import { bootId, isAlive } from '../state/process.ts'
import { createPublishedBudgets } from './published-budgets.ts'
import { openSpending } from './spending.ts'
import { startSuspectProcess } from './suspects.ts'

export interface RunsPlace {
  /** The folder of the project, absolute. */
  readonly root: string
  /** `.flowrun`, or what FLOWRUN_DATA_DIR says. */
  readonly dataDirectory: string
  readonly clock: Clock
}

export async function openRuns(place: RunsPlace): Promise<Runs> {
  return runsOf(await openRecords(place, 'read', () => {}), place.clock)
}

export interface RunEngineParts {
  /** Makes the one of an environment, when the first run of it asks something. */
  promptEngine(environment: Environment, budgets: BudgetReader): Promise<PromptEngine>
  readonly openStores: OpenStores
  readonly processEnvironment: Readonly<Record<string, string | undefined>>
}

export async function openRunEngine(
  place: RunsPlace,
  newId: UlidSource,
  { project, environments, workingCopy, concurrency, lanes, onWarning }: RunEngineOptions,
  { promptEngine, openStores, processEnvironment }: RunEngineParts,
): Promise<RunEngine> {
  const [{ createEmbeddedEngine }, { systemTimers }] = await Promise.all([
    import('../engine/durable/embedded/engine.ts'),
    import('../gateway/timers.ts'),
  ])
  const { clock } = place
  const records = await openRecords(place, 'write', endProcess)
  const runs = await runsOf(records, clock)
  const engines = new Map<string, Promise<PromptEngine>>()
  const budgets = createPublishedBudgets({
    workingCopy,
    async openStores(name) {
      const environment = environments.get(name)
      if (environment) return openStores({ root: place.root, project, environment, mode: 'read' })
      throw new OperationError({ code: 'config/unknown-environment', summary: `There is no environment "${name}"` })
    },
  })
  const engineOf = (name: string): Promise<PromptEngine> | undefined => {
    const environment = environments.get(name)
    const known = engines.get(name)
    if (known || environment === undefined) return known
    const made = promptEngine(environment, budgets.read)
    engines.set(name, made)
    return made
  }
  // Of a run that was interrupted: what its attempts may have been billed counts in full (BUD-5).
  const spending = lazy(() => openSpending({ ...place, project }, 'write'))
  const engine = createEmbeddedEngine({
    ...{ execute: executorOf(engineOf), children: childrenOf(engineOf) },
    ...{ store: records, flows: runs.flows, project, clock, timers: systemTimers, newId },
    random: Math.random,
    process: { host: hostname(), pid: process.pid, bootId: bootId(clock), version: flowrunVersion, isAlive },
    mayGoOn: budgets.mayGoOn,
    onInterrupted: async run => (await spending.get()).ledger.settleRun(run),
    startSuspects: () => startSuspectProcess(processEnvironment, onWarning, lanes),
    onClockJump: byMs => onWarning(`The clock was set by ${Math.round(byMs / 1000)} s; what waits for a time is not moved by it`),
    ...compact({ concurrency, lanes }),
  })
  return {
    ...runs,
    engine,
    async render(environment, closure, input) {
      const { messages } = (await (await engineOf(environment))?.render({ closure, input })) ?? { messages: [] }
      return messages
    },
    async close(drainMs = 0) {
      await engine.drain(drainMs)
      for (const made of engines.values()) await (await made).close()
      spending.end(opened => opened.close())
      await budgets.close()
      await records.close()
    },
  }
}

async function openRecords({ root, dataDirectory, clock }: RunsPlace, mode: 'read' | 'write', onLost: (error: OperationError) => void) {
  const { createRecordStore, openEngineDatabase } = await import('../engine/durable/sqlite/store.ts')
  const name = join(dataDirectory, 'engine.db')
  return createRecordStore(await openEngineDatabase({ file: resolve(root, name), name, mode, clock, flowrunVersion }), onLost)
}

async function runsOf(records: RecordStore, clock: Clock): Promise<Runs> {
  const [{ createFlows }, { createDeferredLanguage }, { loadSchemaValidator }, { runtimeFunctionTable }] = await Promise.all([
    import('../engine/flows.ts'),
    import('../engine/deferred.ts'),
    import('../engine/schema-validator.ts'),
    import('../hcl/functions/index.ts'),
  ])
  const self = { host: hostname(), bootId: bootId(clock) }
  return {
    records,
    flows: createFlows({ language: createDeferredLanguage(runtimeFunctionTable), validator: await loadSchemaValidator() }),
    async closureOf({ closureDigest }) {
      const json = await records.getBlob(closureDigest)
      return json === undefined ? undefined : closureFromJson(json)
    },
    isAlive: owner => owner.host !== self.host || (owner.bootId === self.bootId && isAlive(owner.pid)),
    close: () => records.close(),
  }
}

/** Each run is executed with what its environment says; one that the configuration has lost waits for it. */
function executorOf(engineOf: (environment: string) => Promise<PromptEngine> | undefined): EffectExecutor {
  return async (command, run, closure, context) => {
    const engine = await engineOf(run.environment)
    if (engine) return engine.execute(command, run, closure, context)
    const message = `There is no environment "${run.environment}" in the configuration any more`
    return { pause: { code: 'run/unknown-environment', message, retryable: false } }
  }
}

/** Outcomes of children are kept where the environment keeps answers. */
function childrenOf(engineOf: (environment: string) => Promise<PromptEngine> | undefined): ChildCache {
  const cacheOf = async (environment: string) => (await engineOf(environment))?.children
  return {
    find: async (command, run, closure) => (await cacheOf(run.environment))?.find(command, run, closure),
    keep: async (command, run, closure, result) => (await cacheOf(run.environment))?.keep(command, run, closure, result),
  }
}

/** After a failed commit nothing may be acknowledged any more: the next start recovers (STORE-3). */
function endProcess({ diagnostic }: OperationError): void {
  process.stderr.write(`Error: ${diagnostic.summary}  [${diagnostic.code}]\nThe engine ends, for nothing can be recorded.\n`)
  process.exit(1)
}
