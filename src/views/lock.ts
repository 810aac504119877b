import type { FoundLock } from '../operations/force-unlock.ts'
import type { Lock } from '../state/lock.ts'
import { formatAgo, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'

/** Who holds a lock, and what is known of them (LOCK-4). */
export function foundLockText({ lock, holder }: FoundLock, nowMs: number): string {
  const { id, environment, user, host, pid, operation, sinceMs, renewedAtMs } = lock
  const heardMs = renewedAtMs ?? sinceMs
  const known = {
    gone: 'its process has ended, and the next command takes the lock over by itself',
    silent: `last heard of ${formatAgo(heardMs, nowMs)}: the next command takes the lock over by itself`,
    alive: `alive ${formatAgo(heardMs, nowMs)}: removing the lock takes it away from a command at work`,
    unknown: 'nothing is known of it: ask before you go on',
  }[holder]
  return [
    `Lock of ${environment}`,
    `  lock       ${id}`,
    `  holder     ${user}@${host}${pid > 0 ? `, process ${pid}` : ''}`,
    `             ${known}`,
    `  operation  ${operation}`,
    `  since      ${formatMoment(sinceMs)} (${formatAgo(sinceMs, nowMs)})`,
    '',
    '',
  ].join('\n')
}

export function unlockedJson({ id, environment, user, host, pid, operation, sinceMs }: Lock): string {
  return jsonDocument({
    environment,
    removed: { id, user, host, process: pid, operation, since: new Date(sinceMs).toISOString() },
  })
}
