import type { CompiledReference } from '../registry/version.ts'
import { usedBy } from './used-by.ts'

/** What refers to what, by address. */
export type References = ReadonlyMap<string, ReadonlySet<string>>

export function referencesOf(facts: readonly Pick<CompiledReference, 'address' | 'target'>[]): References {
  const found = new Map<string, Set<string>>()
  for (const { address, target } of facts) found.set(address, (found.get(address) ?? new Set()).add(target))
  return found
}

/** The addresses and all that they reach through references, in the order in which they are found (ID-5). */
export function reach(addresses: Iterable<string>, references: References): ReadonlySet<string> {
  const found = new Set(addresses)
  // A set grows while it is gone through.
  for (const address of found) for (const target of references.get(address) ?? []) found.add(target)
  return found
}

/** Who reaches an address, nearest first, without a look into any artifact. */
export function usersOf(references: References): (address: string) => readonly string[] {
  return usedBy([...references].map(([address, targets]) => ({ address, artifact: { refs: [...targets] } })))
}
