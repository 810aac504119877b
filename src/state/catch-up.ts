import { shortDigest } from '../base/digest.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { PointerSet } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { ReleaseWithChanges, StateVersion } from '../registry/release.ts'
import type { StateBackend } from './backend.ts'
import { onEnvironment } from './environment-hint.ts'
import { fold, rebuild } from './fold.ts'
import { emptyState, type StateSnapshot } from './state.ts'

/** State and registry of one environment, in agreement: what a plan starts from. */
export interface CaughtUp {
  readonly snapshot: StateSnapshot
  readonly pointers: PointerSet
  /** What a write of the state must name as its predecessor; null: nothing was written yet. */
  readonly stored: StateVersion | null
  /** Own releases that the stored state had not seen, for a notice (cli.md 3.10). */
  readonly recovered: readonly ReleaseWithChanges[]
  /** The state was of another registry, or ahead of it, and was bound to this one on purpose: to be written and audited. */
  readonly rebound: boolean
}

export interface CatchUpOptions {
  /** `--accept-registry`: a state of another registry, or of releases that a restored one lost, follows this one (STA-5). */
  readonly acceptRegistry?: boolean
}

/**
 * What every command does first (STA-3).
 *
 * @param newLineage names the configuration in this environment if nothing was ever applied.
 * @throws OperationError `state/corrupt`, `state/other-registry`, `registry/behind-state`, `registry/integrity` …
 */
export async function catchUp(
  registry: Registry,
  backend: StateBackend,
  environment: string,
  newLineage: () => string,
  options: CatchUpOptions = {},
): Promise<CaughtUp> {
  const stored = await backend.read(environment)
  const followed = await follow(registry, environment, stored ?? emptyState(newLineage()), options)
  return { ...followed, stored: stored ? { lineage: stored.lineage, serial: stored.serial } : null }
}

/**
 * Brings a snapshot in agreement with the registry, wherever it came from.
 *
 * @throws OperationError `state/other-registry`, `registry/behind-state`, `registry/integrity`.
 */
export async function follow(
  registry: Registry,
  environment: string,
  before: StateSnapshot,
  { acceptRegistry = false }: CatchUpOptions = {},
): Promise<Omit<CaughtUp, 'stored'>> {
  // The pointers come before the releases: a release made between the two reads is folded by the next command.
  const pointers = await registry.pointers(environment)
  const stranger = strangeRegistry(before, pointers, environment)
  if (stranger && !acceptRegistry) throw new OperationError(stranger)
  const since = stranger ? 0 : before.release
  const missed = pointers.release === since ? [] : await registry.releasesSince(environment, since)
  const releases = missed.filter(release => release.number <= pointers.release)
  // What a state says of another registry is void in this one: what its lineage owns here is told by the releases alone (STA-2).
  const { snapshot, own } = stranger ? { snapshot: rebuild(before, releases), own: [] } : fold(before, releases)
  await requireSameVersions(registry, snapshot, pointers)
  return {
    snapshot: { ...snapshot, registryId: pointers.registryId },
    pointers,
    recovered: own,
    rebound: stranger !== undefined,
  }
}

/** STA-5: release and version numbers mean something only in the registry that gave them. */
function strangeRegistry(state: StateSnapshot, { registryId, release }: PointerSet, environment: string): DiagnosticInput | undefined {
  const accept = `flowrun apply${onEnvironment(environment)} --accept-registry REASON`
  if (state.registryId !== '' && state.registryId !== registryId) {
    return {
      code: 'state/other-registry',
      summary: `The state of ${environment} belongs to another registry`,
      detail:
        `It was written against registry ${state.registryId}, and the target has ${registryId === '' ? 'no registry yet' : `registry ${registryId}`}. ` +
        `Point the target to the registry that the state is of, or accept this one on purpose:\n  ${accept}\nNothing was changed.`,
    }
  }
  if (state.release > release) {
    return {
      code: 'registry/behind-state',
      summary: `The registry is behind the state of ${environment}`,
      detail:
        `The state has seen release ${state.release}, and the registry is at release ${release}: it was restored from an older backup. ` +
        `Restore a newer one, or accept the registry as it is, on purpose:\n  ${accept}\nNothing was changed.`,
    }
  }
  return undefined
}

/** STA-6: a version is immutable, so two digests of one number mean that something else than flowrun wrote. */
async function requireSameVersions(registry: Registry, { owned }: StateSnapshot, { pointers }: PointerSet): Promise<void> {
  const moved = []
  for (const [address, { version, digest }] of owned) {
    const pointer = pointers.get(address)
    if (pointer?.version !== version) moved.push({ address, version, digest })
    else if (pointer.digest !== digest) throw integrity(address, version, digest, pointer.digest)
  }
  const found = moved.length > 0 ? await registry.findVersions(moved.map(({ address, version }) => ({ address, version }))) : []
  for (const [index, { address, version, digest }] of moved.entries()) {
    const inRegistry = found[index]?.digest
    if (inRegistry !== digest) throw integrity(address, version, digest, inRegistry)
  }
}

function integrity(address: string, version: number, inState: string, inRegistry: string | undefined): OperationError {
  return new OperationError({
    code: 'registry/integrity',
    summary: `${address}@${version} is not what the state says`,
    detail:
      'Versions are immutable, so the registry or the state was changed by something other than flowrun. Restore the one that was changed ' +
      'from a backup; flowrun audit verify tells whether the history of the registry is whole. Nothing was changed.',
    notes: [`in the state ${shortDigest(inState)}`, inRegistry ? `in the registry ${shortDigest(inRegistry)}` : 'not in the registry'],
    address,
  })
}
