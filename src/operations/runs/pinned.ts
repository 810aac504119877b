import type { Digest } from '../../base/digest.ts'
import { userName } from '../../base/user.ts'
import { OPEN_STATES, type RunFilter, type RunRecord } from '../../engine/durable/record-store.ts'
import type { OperationHost } from '../project.ts'
import type { RunEngine, Runs } from './access.ts'
import { cancelRun } from './control.ts'
import { type RunsOptions, type RunsResult, withRunEngine } from './find.ts'

/** What becomes of runs in flight that are pinned to what a rollback leaves (HOLD-9). */
export const RUN_ACTIONS = ['keep', 'pause', 'cancel'] as const
export type RunAction = (typeof RUN_ACTIONS)[number]

/** Runs that are read at once: each comes with its input. */
const PAGE = 200

type PinFilter = Pick<RunFilter, 'project' | 'environment' | 'states' | 'withoutChildren'>

/**
 * Closures in which one of these contents stands, under whatever name, and how many runs each has. A closure is shared by
 * all runs of a flow and a release, so few are read.
 */
export async function closuresWith(
  { records, closureOf }: Pick<Runs, 'records' | 'closureOf'>,
  filter: PinFilter,
  digests: ReadonlySet<Digest>,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for (const [closureDigest, count] of await records.countClosures(filter)) {
    const closure = await closureOf({ closureDigest })
    if (closure && [...closure.members.values()].some(({ digest }) => digests.has(digest))) found.set(closureDigest, count)
  }
  return found
}

/** All contents that runs in flight are pinned to, of whatever environment. */
export async function pinnedContents(host: OperationHost, root: string, project: string): Promise<ReadonlySet<Digest>> {
  const { records, closureOf, close } = await host.openRuns(root)
  try {
    const pinned = new Set<Digest>()
    for (const closureDigest of (await records.countClosures({ project, states: OPEN_STATES })).keys()) {
      for (const { digest } of (await closureOf({ closureDigest }))?.members.values() ?? []) pinned.add(digest)
    }
    return pinned
  } finally {
    await close()
  }
}

/** Those that an action is about: what is paused is left so, and children are cancelled by their parents. */
export function concernedBy(action: RunAction): Pick<RunFilter, 'states' | 'withoutChildren'> {
  if (action === 'pause') return { states: OPEN_STATES.filter(state => state !== 'paused') }
  return { states: OPEN_STATES, withoutChildren: true }
}

export interface SettleOptions extends RunsOptions {
  readonly action: Exclude<RunAction, 'keep'>
  /** Contents that were left. */
  readonly digests: ReadonlySet<Digest>
  /** Why, as the paused runs will say: `prompt.answer@8 was rolled back`. */
  readonly because: string
  readonly onWarning: (text: string) => void
}

/** Pauses or cancels all runs in flight that are pinned to one of the contents. @returns them, as they are then. */
export function settlePinnedRuns(host: OperationHost, options: SettleOptions): Promise<RunsResult<readonly RunRecord[]>> {
  const { action, digests, because } = options
  return withRunEngine(host, options, async (engine, { settings, environment }) => {
    const filter = { project: settings.project, environment: environment.name, ...concernedBy(action) }
    const closures = [...(await closuresWith(engine, filter, digests)).keys()]
    const settled: RunRecord[] = []
    if (closures.length === 0) return settled
    for (let cursor: string | undefined; ; ) {
      const page = await engine.records.listRuns({ ...filter, closures, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
      for (const run of page) settled.push(await settle(engine, run, action, because))
      cursor = page.at(-1)?.id
      if (page.length < PAGE) return settled
    }
  })
}

async function settle(runs: RunEngine, run: RunRecord, action: SettleOptions['action'], because: string): Promise<RunRecord> {
  if (action === 'cancel') return cancelRun(runs, run)
  await runs.engine.pause(run.id, { code: 'run/paused', message: `${userName()} has paused it: ${because}`, retryable: false })
  return (await runs.records.getRun(run.id)) ?? run
}
