import { readFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { userName } from '../base/user.ts'
import type { LockHolder } from './lock.ts'

const MINUTE_MS = 60_000

/** This process, as the holder of a lock. */
export function thisHolder(operation: string, flowrunVersion: string, clock: Clock): LockHolder {
  return { user: userName(), host: hostname(), pid: process.pid, bootId: bootId(clock), operation, flowrunVersion }
}

/** The same host, started once, and the process is gone: nobody will ever renew its lock (LOCK-4). */
export function isDeadNeighbour(holder: LockHolder, self: Pick<LockHolder, 'host' | 'bootId'>): boolean {
  return holder.host === self.host && holder.bootId === self.bootId && !isAlive(holder.pid)
}

/** Whether a process of this machine is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and belongs to another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** Tells one start of this machine from another. */
export function bootId(clock: Clock): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Elsewhere the minute of the start; one minute off means only that a dead holder's lease runs out by itself.
    return `minute-${Math.round((clock.now() - uptime() * 1000) / MINUTE_MS)}`
  }
}
