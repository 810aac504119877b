import { OperationError } from '../../diagnostics/operation-error.ts'
import type { SnapshotSummary } from '../../state/backend.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import type { Deployed } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { adoptState } from './adopt.ts'
import { absentState, changeState, commitState, type StateChanged, type StateChangeOptions } from './change.ts'

/**
 * Writes an earlier snapshot under the next serial, also over a state that cannot be read. The registry is not asked: what
 * it did since is folded by the next command (STA-7). Only a snapshot of another lineage changes who owns what.
 *
 * @throws OperationError `state/unknown-snapshot`, `state/absent`, `state/corrupt` for a snapshot that is damaged too.
 */
export function restoreState(host: OperationHost, options: StateChangeOptions, serial: number): Promise<Deployed<StateChanged>> {
  return changeState(host, options, `state restore ${serial}`, async site => {
    const { backend, registry, environment, actor, dryRun, operation } = site
    const stored = (await backend.currentVersion(environment)) ?? null
    const history = await backend.history(environment)
    if (stored === null && history.length === 0) throw absentState(environment)
    const kept = stored?.serial === serial ? undefined : await backend.snapshot(environment, serial)
    if (kept === undefined) throw unknownSnapshot(environment, serial, history)
    const next = { ...kept, serial: Math.max(stored?.serial ?? 0, history[0]?.serial ?? 0) + 1 }
    const detail = { serial: next.serial, restored: serial, lineage: kept.lineage, replaced: stored?.serial ?? null }
    if (!dryRun) await registry.record({ actor, action: 'state.restore', subject: environment, reason: operation, detail })
    if (stored !== null && stored.lineage !== kept.lineage) return await adoptState(site, next, stored)
    return await commitState(site, { snapshot: next, stored, base: kept.release, flips: [], changes: [] })
  })
}

function unknownSnapshot(environment: string, serial: number, history: readonly SnapshotSummary[]): OperationError {
  const intact = history.filter(snapshot => snapshot.intact).map(snapshot => snapshot.serial)
  const kept =
    intact.length === 0
      ? `No earlier snapshot is kept that is intact. To rebuild the state from the registry: flowrun state recover${onEnvironment(environment)}`
      : `Kept and intact: ${intact.slice(0, 10).join(', ')}${intact.length > 10 ? ` and ${intact.length - 10} more` : ''}. All: flowrun state history${onEnvironment(environment)}`
  return new OperationError({
    code: 'state/unknown-snapshot',
    summary: `No earlier snapshot of ${environment} has serial ${serial}`,
    detail: `${kept}\nNothing was changed.`,
  })
}
