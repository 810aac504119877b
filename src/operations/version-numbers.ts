import type { Digest } from '../base/digest.ts'
import { type Moved, movedAddress } from '../config/blocks/refactoring.ts'
import type { Registry } from '../registry/registry.ts'
import type { AddressMove } from '../registry/release.ts'
import type { ArtifactVersion, VersionQuery } from '../registry/version.ts'

/** Numbers of the versions of a project, under the names that its configuration has for addresses now. */
export interface VersionNumbers {
  /** 0: it has no version. */
  highest(address: string): number
  has(address: string): boolean
  versionsOf(address: string): Promise<readonly ArtifactVersion[]>
  find(queries: readonly { readonly address: string; readonly digest: Digest }[]): Promise<readonly (ArtifactVersion | undefined)[]>
  /** The old address whose versions this one takes over, for it has none of its own (MOVE-1). */
  formerAddress(address: string): string | undefined
}

export async function readVersionNumbers(registry: Registry, moved: readonly Moved[]): Promise<VersionNumbers> {
  const highest = await registry.highestVersions()
  const former = new Map<string, string>()
  if (moved.length > 0) {
    for (const address of highest.keys()) {
      const to = movedAddress(address, moved)
      if (to !== address && !highest.has(to)) former.set(to, address)
    }
  }
  const source = (address: string) => former.get(address) ?? address
  return {
    highest: address => highest.get(source(address)) ?? 0,
    has: address => highest.has(source(address)),
    versionsOf: address => registry.versionsOf(source(address)),
    find: queries =>
      queries.length === 0
        ? Promise.resolve([])
        : registry.findVersions(queries.map(({ address, digest }): VersionQuery => ({ address: source(address), digest }))),
    formerAddress: address => former.get(address),
  }
}

/** What a release of these addresses renames: pointers that are here, and versions that only the registry has. */
export function addressMoves(
  changed: readonly string[],
  formerly: ReadonlyMap<string, string>,
  numbers: VersionNumbers,
): readonly AddressMove[] {
  return changed.flatMap(to => {
    const from = formerly.get(to) ?? numbers.formerAddress(to)
    return from === undefined ? [] : [{ from, to }]
  })
}
