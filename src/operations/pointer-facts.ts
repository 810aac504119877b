import { invariant } from '../base/invariant.ts'
import { brokenReferences } from '../registry/compatibility.ts'
import type { Pointer, PointerChange } from '../registry/pointer.ts'
import type { Registry } from '../registry/registry.ts'
import type { BrokenReference } from '../registry/release.ts'
import type { ArtifactVersion, CompiledReference, VersionName } from '../registry/version.ts'

/** Variables folded into what pointers point to, as the releases recorded it that moved them last (PROM-3). */
export async function foldedInto(
  registry: Registry,
  environment: string,
  pointers: Iterable<Pointer>,
): Promise<ReadonlyMap<string, PointerChange['folded']>> {
  const wanted = Map.groupBy(pointers, ({ changedIn }) => changedIn)
  const found = new Map<string, PointerChange['folded']>()
  for (const [number, moved] of wanted) {
    const changes = new Map((await registry.release(environment, number))?.changes.map(change => [change.address, change.folded]))
    for (const { address } of moved) found.set(address, changes.get(address) ?? {})
  }
  return found
}

/** Versions that are known to be there. */
export async function requireVersions(registry: Registry, names: readonly VersionName[]): Promise<ReadonlyMap<string, ArtifactVersion>> {
  const found = names.length > 0 ? await registry.findVersions(names) : []
  return new Map(
    names.map(({ address, version }, index) => {
      const there = found[index]
      invariant(there, 'registry/version-gone', `${address}@${version} was pointed to, and is not a version`)
      return [address, there]
    }),
  )
}

/**
 * References of a set that would not fit, and that have an end among the addresses that move (REL-8).
 *
 * @param brought facts that the registry may not have yet.
 */
export async function brokenBy(
  registry: Registry,
  set: ReadonlyMap<string, Pick<Pointer, 'address' | 'version' | 'interfaceDigest'>>,
  moved: ReadonlySet<string>,
  brought: readonly CompiledReference[] = [],
): Promise<readonly BrokenReference[]> {
  const facts = await registry.compiledReferences([...set.values()])
  return brokenReferences(set, [...facts, ...brought]).filter(({ address, target }) => moved.has(address) || moved.has(target))
}
