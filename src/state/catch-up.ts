import { shortDigest } from '../base/digest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { PointerSet } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { ReleaseWithChanges, StateVersion } from '../registry/release.ts'
import type { StateBackend } from './backend.ts'
import { fold } from './fold.ts'
import { emptyState, type StateSnapshot } from './state.ts'

/** State and registry of one environment, in agreement: what a plan starts from. */
export interface CaughtUp {
  readonly snapshot: StateSnapshot
  readonly pointers: PointerSet
  /** What a write of the state must name as its predecessor; null: nothing was written yet. */
  readonly stored: StateVersion | null
  /** Own releases that the stored state had not seen, for a notice (cli.md 3.10). */
  readonly recovered: readonly ReleaseWithChanges[]
}

/**
 * What every command does first (STA-3).
 *
 * @param newLineage names the configuration in this environment if nothing was ever applied.
 * @throws OperationError `state/corrupt`, `state/other-registry`, `registry/behind-state`, `registry/integrity` …
 */
export async function catchUp(registry: Registry, backend: StateBackend, environment: string, newLineage: () => string): Promise<CaughtUp> {
  const stored = await backend.read(environment)
  const before = stored ?? emptyState(newLineage())
  // The pointers come before the releases: a release made between the two reads is folded by the next command.
  const pointers = await registry.pointers(environment)
  requireSameRegistry(before, pointers, environment)
  const missed = pointers.release === before.release ? [] : await registry.releasesSince(environment, before.release)
  const { snapshot, own } = fold(
    before,
    missed.filter(release => release.number <= pointers.release),
  )
  await requireSameVersions(registry, snapshot, pointers)
  return {
    snapshot: { ...snapshot, registryId: pointers.registryId },
    pointers,
    stored: stored ? { lineage: stored.lineage, serial: stored.serial } : null,
    recovered: own,
  }
}

/** STA-5: release and version numbers mean something only in the registry that gave them. */
function requireSameRegistry(state: StateSnapshot, { registryId, release }: PointerSet, environment: string): void {
  if (state.registryId !== '' && state.registryId !== registryId) {
    throw new OperationError({
      code: 'state/other-registry',
      summary: `The state of ${environment} belongs to another registry`,
      detail:
        `It was written against registry ${state.registryId}, and the target has ${registryId === '' ? 'no registry yet' : `registry ${registryId}`}. ` +
        'Point the target to the registry that the state is of, or accept this one on purpose:\n  flowrun apply --accept-registry REASON\nNothing was changed.',
    })
  }
  if (state.release > release) {
    throw new OperationError({
      code: 'registry/behind-state',
      summary: `The registry is behind the state of ${environment}`,
      detail:
        `The state has seen release ${state.release}, and the registry is at release ${release}: it was restored from an older backup. ` +
        'Restore a newer one, or accept the registry as it is, on purpose:\n  flowrun apply --accept-registry REASON\nNothing was changed.',
    })
  }
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
