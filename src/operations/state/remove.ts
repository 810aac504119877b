import { matches } from '../../plan/selection.ts'
import type { Deployed } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { changeState, commitState, existingState, type StateChanged, type StateChangeOptions } from './change.ts'
import { notOwned, ownedBlocks } from './read.ts'

/**
 * Gives up blocks: their pointers stay, and belong to nobody (MOVE-3).
 *
 * @param patterns addresses, or patterns such as `prompt.*`; each must fit something.
 * @throws OperationError `state/not-owned`.
 */
export function removeFromState(
  host: OperationHost,
  options: StateChangeOptions,
  patterns: readonly string[],
): Promise<Deployed<StateChanged>> {
  return changeState(host, options, `state rm ${patterns.join(' ')}`, async site => {
    const { snapshot, pointers, stored } = await existingState(site)
    const blocks = ownedBlocks(snapshot)
    const unmatched = patterns.find(pattern => !blocks.some(({ address }) => matches(pattern, address)))
    if (unmatched !== undefined) throw notOwned(site.environment, unmatched, blocks)
    const gone = blocks.filter(({ address }) => patterns.some(pattern => matches(pattern, address)))
    const { lineage, serial } = snapshot
    const owned = new Map(snapshot.owned)
    for (const { address } of gone) owned.delete(address)
    return await commitState(site, {
      snapshot: { ...snapshot, serial: serial + 1, owned },
      stored,
      base: pointers.release,
      // What somebody else archived or took meanwhile is only forgotten.
      flips: gone.flatMap(({ address }) => {
        const pointer = pointers.pointers.get(address)
        if (pointer?.owner !== lineage) return []
        return [{ address, before: pointer.version, after: pointer.version, ownerBefore: lineage, ownerAfter: null }]
      }),
      changes: gone.map(({ address, version }) => ({ action: 'give-up', address, version })),
    })
  })
}
