import { randomUUID } from 'node:crypto'
import type { Digest } from '../../base/digest.ts'
import type { SqliteStore } from '../../sqlite/database.ts'
import type { AnswerCache, Claim } from './answer-cache.ts'
import { hashOf } from './sqlite-schema.ts'

/** Who makes which answer now: rows that all processes see, and the leases of this one. */
export interface Flights extends Pick<AnswerCache, 'extend' | 'release'> {
  /** @param find what is looked for once more in the same transaction. */
  claim(key: Digest, leaseMs: number, find: () => Claim | undefined): Promise<Claim>
  /** Whether this process holds the lease now. Nobody takes one over before its time, so no file is asked. */
  isHeld(token: string): boolean
  /** The answer is there: its row ends the flight. */
  land(token: string): void
}

export function createFlights(store: SqliteStore): Flights {
  const { clock } = store
  const leases = new Map<string, number>()
  return {
    async claim(key, leaseMs, find) {
      const untilMs = clock.now() + leaseMs
      const claim = await store.writeGrouped(() => find() ?? takeFlight(store, key, untilMs))
      if (claim.state === 'free') leases.set(claim.token, untilMs)
      return claim
    },
    async extend(key, token, leaseMs) {
      const untilMs = clock.now() + leaseMs
      const isExtended = await store.writeGrouped(() => extendFlight(store, key, token, untilMs))
      if (isExtended && leases.has(token)) leases.set(token, untilMs)
      return isExtended
    },
    async release(key, token) {
      leases.delete(token)
      await store.writeGrouped(() => endFlight(store, key, token))
    },
    isHeld: token => (leases.get(token) ?? 0) > clock.now(),
    land: token => void leases.delete(token),
  }
}

/** Also after one who has not extended his in time. */
function takeFlight(store: SqliteStore, key: Digest, untilMs: number): Claim {
  const token = randomUUID()
  const taken = store
    .prepared(
      `INSERT INTO flight(hash, token, expires_at) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET token = excluded.token, expires_at = excluded.expires_at WHERE expires_at <= ?`,
    )
    .run(hashOf(key), token, untilMs, store.clock.now())
  return taken.changes === 1 ? { state: 'free', token } : { state: 'taken' }
}

function extendFlight(store: SqliteStore, key: Digest, token: string, untilMs: number): boolean {
  const flight = store.prepared('UPDATE flight SET expires_at = ? WHERE hash = ? AND token = ? AND expires_at > ?')
  return flight.run(untilMs, hashOf(key), token, store.clock.now()).changes === 1
}

/** @returns false: somebody else has taken it over. */
export function endFlight(store: SqliteStore, key: Digest, token: string): boolean {
  return store.prepared('DELETE FROM flight WHERE hash = ? AND token = ?').run(hashOf(key), token).changes === 1
}
