import type { Digest } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'

export const STATE_FORMAT = 'flowrun.state/1'

/**
 * What a configuration owns in one environment (STA-1). Ownership and versions follow from the releases of the lineage,
 * so losing a state loses no truth (STA-2). It holds no contents and no secrets.
 */
export interface StateSnapshot {
  /** The identity of a configuration in an environment, made once: a ULID. */
  readonly lineage: string
  /** Counts writes, from 1; 0 has never been written. */
  readonly serial: number
  /** The registry that the releases are of; empty until the first release. */
  readonly registryId: string
  /** The last release that this state has seen; 0 before the first. */
  readonly release: number
  readonly owned: ReadonlyMap<string, OwnedVersion>
  readonly outputs: ReadonlyMap<string, StateOutput>
  readonly checks: readonly StateCheck[]
}

export interface OwnedVersion {
  readonly version: number
  readonly digest: Digest
}

/**
 * An output as the last apply left it. A sensitive one has no value here, masked or digested: a digest of a short secret
 * can be guessed (SEC-2). Whoever may see it evaluates the configuration again.
 */
export type StateOutput =
  | { readonly sensitive: false; readonly type: string; readonly value: JsonValue }
  | { readonly sensitive: true; readonly type: string }

export interface StateCheck {
  readonly address: string
  readonly status: 'pass' | 'fail' | 'error' | 'unknown'
  readonly messages: readonly string[]
}

/** The state before anything was applied. */
export function emptyState(lineage: string): StateSnapshot {
  return { lineage, serial: 0, registryId: '', release: 0, owned: new Map(), outputs: new Map(), checks: [] }
}
