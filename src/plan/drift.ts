import type { Digest } from '../base/digest.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { OwnedVersion } from '../state/state.ts'

/** Where configuration, state and registry stand to each other at one address, by the ids of the rules. */
export type DriftRule =
  | { readonly id: 'DRIFT-1'; readonly kind: 'unchanged' }
  | { readonly id: 'DRIFT-2'; readonly kind: 'change' }
  | { readonly id: 'DRIFT-3'; readonly kind: 'create' }
  | { readonly id: 'DRIFT-4'; readonly kind: 'archive' }
  /** The configuration still says what was rolled back, and is held: apply refuses. */
  | { readonly id: 'DRIFT-5'; readonly kind: 'rolled-back' }
  /** Somebody released what the configuration says: the state follows, without a release. */
  | { readonly id: 'DRIFT-6'; readonly kind: 'converged' }
  | { readonly id: 'DRIFT-7'; readonly kind: 'drift-and-change' }
  | { readonly id: 'DRIFT-8'; readonly kind: 'archived-by-others' }
  /** `given`: the configuration has the address, which is an error; else the state forgets it. */
  | { readonly id: 'DRIFT-9'; readonly kind: 'owned-elsewhere'; readonly given: boolean; readonly owner: string }
  /** `given`: it is adopted as an import; else it was given up, and the state forgets it. */
  | { readonly id: 'DRIFT-10'; readonly kind: 'unowned'; readonly given: boolean }
  | { readonly id: 'DRIFT-11'; readonly kind: 'gone' }
  | { readonly id: 'DRIFT-12'; readonly kind: 'drift-then-archive' }

export interface DriftSubject {
  /** What the block compiles to; undefined: the configuration does not have the address. */
  readonly configuration: Digest | undefined
  /** What the state owns, after it caught up. */
  readonly state: OwnedVersion | undefined
  readonly registry: Pointer | undefined
  readonly lineage: string
  /** The configuration's digest is held at this address. */
  readonly held: boolean
}

/**
 * Classifies one address (semantics of drift, DRIFT-1 … DRIFT-12): DRIFT-9 and DRIFT-10 first, then of the others exactly
 * one fits. An address that the registry says is ours and the state lost is taken as owned: ownership follows from the
 * releases (STA-2).
 *
 * @returns undefined for what is neither in the configuration nor in the state: not ours, not shown.
 */
export function classify({ configuration, state, registry, lineage, held }: DriftSubject): DriftRule | undefined {
  const given = configuration !== undefined
  if (!given && !state) return undefined
  if (registry && registry.owner !== lineage) {
    if (registry.owner !== null) return { id: 'DRIFT-9', kind: 'owned-elsewhere', given, owner: registry.owner }
    return { id: 'DRIFT-10', kind: 'unowned', given }
  }
  if (!registry) return withoutPointer(given, state !== undefined)

  const owned = state?.digest ?? registry.digest
  if (!given) return owned === registry.digest ? { id: 'DRIFT-4', kind: 'archive' } : { id: 'DRIFT-12', kind: 'drift-then-archive' }
  if (owned === registry.digest) return configuration === owned ? { id: 'DRIFT-1', kind: 'unchanged' } : { id: 'DRIFT-2', kind: 'change' }
  if (configuration === registry.digest) return { id: 'DRIFT-6', kind: 'converged' }
  return configuration === owned && held ? { id: 'DRIFT-5', kind: 'rolled-back' } : { id: 'DRIFT-7', kind: 'drift-and-change' }
}

function withoutPointer(given: boolean, owned: boolean): DriftRule {
  if (!owned) return { id: 'DRIFT-3', kind: 'create' }
  return given ? { id: 'DRIFT-8', kind: 'archived-by-others' } : { id: 'DRIFT-11', kind: 'gone' }
}
