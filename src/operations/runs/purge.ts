import { userName } from '../../base/user.ts'
import { openStoresOf } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { type RunsResult, withRunEngine } from './find.ts'

/**
 * Removes all runs that ended before a time, with what they were given and gave; those that are not over stay. It is audited
 * (GC-5): the row comes first, and after a kill may say more than was done, and never less (AUD-2).
 *
 * @returns how many.
 */
export function purgeRuns(host: OperationHost, beforeMs: number): Promise<RunsResult<number>> {
  return withRunEngine(host, { onWarning: () => {} }, async ({ records }, project) => {
    const { registry, close } = await openStoresOf(host, project, 'write')
    try {
      const detail = { before: new Date(beforeMs).toISOString() }
      await registry.record({ actor: userName(), action: 'run.purge', subject: project.settings.project, reason: 'runs purge', detail })
    } finally {
      await close()
    }
    return records.purge(beforeMs, 'end')
  })
}
