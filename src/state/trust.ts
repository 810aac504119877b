import type { Pointer } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { StateBackend } from './backend.ts'
import type { CaughtUp } from './catch-up.ts'
import { emptyState } from './state.ts'

/**
 * `-refresh=false`: what the state says is taken for what is there. Of the registry only facts are read that never change,
 * the versions that the state names; what others did shows when the release is made, for then its number has moved (REL-3).
 */
export async function trustState(
  registry: Registry,
  backend: StateBackend,
  environment: string,
  newLineage: () => string,
): Promise<CaughtUp> {
  const stored = await backend.read(environment)
  const snapshot = stored ?? emptyState(newLineage())
  const owned = [...snapshot.owned]
  const versions = owned.length === 0 ? [] : await registry.findVersions(owned.map(([address, { version }]) => ({ address, version })))
  const pointers = owned.flatMap(([address, { version, digest }], index): readonly Pointer[] => {
    const interfaceDigest = versions[index]?.interfaceDigest
    if (interfaceDigest === undefined) return []
    return [{ address, version, digest, interfaceDigest, owner: snapshot.lineage, changedIn: snapshot.release }]
  })
  return {
    snapshot,
    pointers: {
      registryId: snapshot.registryId,
      release: snapshot.release,
      pointers: new Map(pointers.map(pointer => [pointer.address, pointer])),
    },
    stored: stored ? { lineage: stored.lineage, serial: stored.serial } : null,
    recovered: [],
    rebound: false,
  }
}
