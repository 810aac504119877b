import { canonicalJson } from '../base/canonical-json.ts'
import { digestOfText } from '../base/digest.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { StateVersion, StateWrite } from '../registry/release.ts'
import { type OwnedVersion, STATE_FORMAT, type StateCheck, type StateOutput, type StateSnapshot } from './state.ts'

/** The stored form: what `flowrun state pull` prints, without blanks. */
interface StoredState {
  readonly format: string
  readonly lineage: string
  readonly serial: number
  readonly registry_id: string
  readonly release: number
  readonly owned: Readonly<Record<string, OwnedVersion>>
  readonly outputs: Readonly<Record<string, StateOutput>>
  readonly checks: readonly StateCheck[]
}

/** The canonical JSON of a state, by which it is digested. */
export function encodeState(snapshot: StateSnapshot): string {
  const stored: StoredState = {
    format: STATE_FORMAT,
    lineage: snapshot.lineage,
    serial: snapshot.serial,
    registry_id: snapshot.registryId,
    release: snapshot.release,
    owned: Object.fromEntries(snapshot.owned),
    outputs: Object.fromEntries(snapshot.outputs),
    checks: snapshot.checks,
  }
  // An interface has no index signature, so the compiler cannot see that this is JSON; canonicalJson checks every leaf.
  return canonicalJson(stored as unknown as JsonValue)
}

/** The write that replaces `expected` by the snapshot (STA-4). */
export function stateWrite(snapshot: StateSnapshot, expected: StateVersion | null): StateWrite {
  const body = encodeState(snapshot)
  const { lineage, serial, owned } = snapshot
  return { lineage, serial, digest: digestOfText(body), blocks: owned.size, body, expected }
}

/** A stored text, with what its store says of it. */
export interface StoredText {
  readonly digest: string
  readonly body: string
}

export function isIntact({ digest, body }: StoredText): boolean {
  return digestOfText(body) === digest
}

/**
 * Decodes a text whose digest was verified.
 *
 * @throws OperationError `state/newer-format`.
 */
export function decodeState(body: string, environment: string): StateSnapshot {
  return snapshotOf(JSON.parse(body), environment)
}

/** The same of a text that was parsed already. */
export function snapshotOf(stored: unknown, environment: string): StateSnapshot {
  if (!isStoredState(stored)) throw newerState(environment, stored, STATE_FORMAT)
  return {
    lineage: stored.lineage,
    serial: stored.serial,
    registryId: stored.registry_id,
    release: stored.release,
    owned: new Map(Object.entries(stored.owned)),
    outputs: new Map(Object.entries(stored.outputs)),
    checks: stored.checks,
  }
}

function isStoredState(value: unknown): value is StoredState {
  // The digest says that flowrun wrote it; the format says which fields it has.
  return isJsonObject(value) && value.format === STATE_FORMAT
}

/** VER-1: a format that this flowrun does not know. */
export function newerState(environment: string, stored: unknown, known: string): OperationError {
  const format = isJsonObject(stored) ? stored.format : undefined
  return new OperationError({
    code: 'state/newer-format',
    summary: `The state of ${environment} was written by a newer flowrun`,
    detail: `Its format is ${JSON.stringify(format ?? null)}, and this flowrun reads ${known}. Upgrade flowrun. Nothing was changed.`,
  })
}
