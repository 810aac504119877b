import type { KilledApply } from '../operations/killed-apply.ts'
import type { Plan } from '../plan/plan.ts'
import { changeText } from '../registry/conflict.ts'
import type { ReleaseKind, ReleaseWithChanges } from '../registry/release.ts'
import { LEASE_MS, type Lock } from '../state/lock.ts'
import { formatAgo } from './format-number.ts'

const MADE_BY: Readonly<Record<ReleaseKind, string>> = {
  apply: 'An apply',
  destroy: 'A destroy',
  import: 'An import',
  rollback: 'A rollback',
  promote: 'A promote',
}

/**
 * Own releases that the state had not seen: whoever made the last was killed (cli.md 3.10) or could not write the state
 * (FAIL-9), or an earlier state was restored since (STA-7).
 */
export function recoveredText(recovered: readonly ReleaseWithChanges[], nowMs: number): string {
  const last = recovered.at(-1)
  if (last === undefined) return ''
  return (
    `Note: ${MADE_BY[last.kind]} by ${last.actor} made release ${last.number} ${formatAgo(last.createdAtMs, nowMs)}, and the state had not seen it.\n` +
    `It is recognised; the state now says release ${last.number}. Nothing was done twice.\n\n`
  )
}

/** A lock that a killed apply left behind on this host (cli.md 3.10). */
export function killedText(killed: KilledApply | undefined, nowMs: number): string {
  if (killed === undefined) return ''
  const { lock, release, head } = killed
  const who = `Note: ${lock.operation === 'destroy' ? MADE_BY.destroy : MADE_BY.apply} by ${lock.user} (${lock.host}, process ${lock.pid}) was killed ${formatAgo(lock.renewedAtMs ?? lock.sinceMs, nowMs)}`
  if (release !== undefined)
    return `${who}, after it had made release ${release}.\nIt is recognised; the state says release ${release}. Nothing was done twice.\n\n`
  const standing = head === 0 ? 'has no release yet' : `is still at release ${head}`
  return `${who}, before it released anything.\n${lock.environment} ${standing}; contents that it had uploaded will be reused.\n\n`
}

/** Somebody released while a person was reading the plan (cli.md 3.8). */
export function movedText(
  plan: { readonly environment: string; readonly base: Pick<Plan['base'], 'release'> },
  moved: readonly ReleaseWithChanges[],
  nowMs: number,
): string {
  const lines = moved.map(({ number, actor, createdAtMs, changes }) => {
    const [first, ...others] = changes.map(changeText)
    return `${plan.environment} has moved: ${actor} made release ${number}, ${formatAgo(createdAtMs, nowMs)} (${first ?? 'no change'}${others.length > 0 ? ` and ${others.length} more` : ''}).\n`
  })
  return `\n${lines.join('')}Nothing of yours was released. Planning again, against release ${plan.base.release}.\n\n`
}

export function lockText(by: Lock, timeout: string): string {
  return `Waiting for the state lock of ${by.environment}, held by ${by.user} for ${by.operation} (${timeout} at most).\n`
}

/** A lease that ran out says nothing of its holder: only a process of this host is known to be gone (LOCK-3, LOCK-4). */
export function takeoverText({ environment, user, host, pid, renewedAtMs }: Lock, nowMs: number): string {
  const isSilent = renewedAtMs !== undefined && nowMs - renewedAtMs >= LEASE_MS
  const known = isSilent ? `was last heard of ${formatAgo(renewedAtMs, nowMs)}` : 'is gone'
  return `Note: Took over the lock of ${environment} from ${user}@${host}, process ${pid}, which ${known}.\n`
}
