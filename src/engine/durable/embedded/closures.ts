import type { Closure } from '../../../artifact/closure.ts'
import type { Clock } from '../../../base/clock.ts'
import { digestOf } from '../../../base/digest.ts'
import { closureFromJson, closureToJson } from '../closure-json.ts'
import type { RecordStore, RunRecord } from '../record-store.ts'

/** Closures that are kept parsed: runs come by the hundred for each. */
const KEPT = 32
/** A blob that no run names is collected a day after it was offered: it is offered again long before. */
const OFFERED_MS = 3_600_000

export interface Closures {
  of(run: RunRecord): Promise<Closure | undefined>
  /** Keeps what a run will be pinned to. @returns its digest. */
  keep(closure: Closure): Promise<string>
}

export function createClosures(store: RecordStore, clock: Clock): Closures {
  const parsed = new Map<string, Closure>()
  // By its members: a child's closure is its parent's from another address, made anew for each child.
  const offered = new WeakMap<Closure['members'], Map<string, { readonly digest: string; readonly atMs: number }>>()
  return {
    async of({ closureDigest }) {
      const known = parsed.get(closureDigest)
      if (known) return known
      const json = await store.getBlob(closureDigest)
      if (json === undefined) return undefined
      const closure = closureFromJson(json)
      if (parsed.size >= KEPT) parsed.delete(parsed.keys().next().value ?? '')
      parsed.set(closureDigest, closure)
      return closure
    },
    async keep(closure) {
      const byAddress = offered.get(closure.members) ?? new Map()
      offered.set(closure.members, byAddress)
      const last = byAddress.get(closure.address)
      if (last && clock.monotonic() - last.atMs < OFFERED_MS) return last.digest
      const json = closureToJson(closure)
      const digest = digestOf(json)
      await store.putBlob(json)
      byAddress.set(closure.address, { digest, atMs: clock.monotonic() })
      return digest
    },
  }
}
