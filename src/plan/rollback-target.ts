import type { Digest } from '../base/digest.ts'
import type { Hold } from '../registry/hold.ts'
import type { Pointer, PointerChange } from '../registry/pointer.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'

/**
 * Where a pointer goes when it is rolled back (HOLD-2): to the latest version of its history that is neither current nor
 * held. One that an earlier rollback left is passed by, held or not: two rollbacks go two back, never to and fro.
 *
 * @param history newest first.
 */
export function earlierVersion(
  history: readonly ReleaseWithChanges[],
  current: Digest | undefined,
  holds: readonly Hold[],
): PointerChange | undefined {
  const left = new Set<string>(holds.map(({ digest }) => digest))
  for (const { kind, changes } of history) {
    for (const change of changes) {
      const { before, after } = change
      if (after && after.digest !== current && !left.has(after.digest)) return change
      if (kind === 'rollback' && before) left.add(before.digest)
    }
  }
  return undefined
}

/** Whether a whole set may be gone back to: it differs from the current one, and has nothing that is held. */
export function isEarlierSet(set: ReadonlyMap<string, Pointer>, current: ReadonlyMap<string, Pointer>, holds: readonly Hold[]): boolean {
  const held = new Set(holds.map(({ address, digest }) => `${address} ${digest}`))
  const moved = [...set.values()].filter(({ address, version }) => current.get(address)?.version !== version)
  const isSame = moved.length === 0 && set.size === current.size
  return !isSame && !moved.some(({ address, digest }) => held.has(`${address} ${digest}`))
}
