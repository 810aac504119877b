import type { OwnerBeat, RunCount } from '../../engine/durable/record-store.ts'
import type { OperationHost } from '../project.ts'
import { type RunsOptions, type RunsResult, withRuns } from './find.ts'

/** Who works on the runs of a project, and what waits for them. */
export interface EngineReport {
  readonly owners: readonly OwnerStanding[]
  readonly counts: readonly RunCount[]
  /** How long the first of the queue has been due; absent: nothing is. */
  readonly lagMs?: number
}

export interface OwnerStanding extends OwnerBeat {
  readonly isAlive: boolean
  readonly runs: number
}

/** More runs at once are not counted by owner. */
const COUNTED = 10_000

export function engineStatus(host: OperationHost, options: RunsOptions): Promise<RunsResult<EngineReport>> {
  return withRuns(host, options, async ({ records, isAlive }, { settings: { project } }) => {
    const running = await records.listRuns({ project, states: ['running'], limit: COUNTED })
    const held = Map.groupBy(running, ({ owner }) => owner ?? '')
    const owners = (await records.owners()).map(owner => ({ ...owner, isAlive: isAlive(owner), runs: held.get(owner.id)?.length ?? 0 }))
    const counts = await records.countRuns({ project })
    const queued = counts.find(({ state }) => state === 'queued')
    const lagMs = queued && host.clock.now() - queued.oldestMs
    return { owners, counts, ...(lagMs !== undefined && lagMs >= 0 ? { lagMs } : {}) }
  })
}
