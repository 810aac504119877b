import type { Digest } from '../base/digest.ts'
import type { BrokenReference } from './release.ts'
import type { CompiledReference } from './version.ts'

/** Where an address would point, as far as references are concerned. */
export interface PointedInterface {
  readonly version: number
  readonly interfaceDigest: Digest
}

/**
 * References of a set of pointers that lead nowhere, or to an interface that they were never compiled against (REL-8).
 *
 * @param facts of every version of the set.
 */
export function brokenReferences(
  set: ReadonlyMap<string, PointedInterface>,
  facts: readonly CompiledReference[],
): readonly BrokenReference[] {
  const pairs = Map.groupBy(
    facts.filter(({ address, version }) => set.get(address)?.version === version),
    ({ address, target }) => `${address} ${target}`,
  )
  return [...pairs.values()].flatMap(([first, ...more]): readonly BrokenReference[] => {
    if (first === undefined) return []
    const { address, version, target } = first
    const found = set.get(target)
    const fits = [first, ...more].some(fact => fact.interfaceDigest === found?.interfaceDigest)
    return fits ? [] : [{ address, version, target, targetVersion: found?.version ?? null }]
  })
}
