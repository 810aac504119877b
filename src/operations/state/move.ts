import { OperationError } from '../../diagnostics/operation-error.ts'
import type { CaughtUp } from '../../state/catch-up.ts'
import type { Deployed } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { changeState, commitState, existingState, type StateChanged, type StateChangeOptions, type StateSite } from './change.ts'
import { notOwned, ownedBlocks } from './read.ts'

/**
 * Renames a block in state and registry, with its versions, history and holds (MOVE-1).
 *
 * @throws OperationError `state/not-owned`, `state/address-taken`, `state/other-kind`, `state/drifted`.
 */
export function moveInState(host: OperationHost, options: StateChangeOptions, from: string, to: string): Promise<Deployed<StateChanged>> {
  return changeState(host, options, `state mv ${from} ${to}`, async site => {
    const base = await existingState(site)
    const { snapshot, pointers, stored } = base
    const owned = snapshot.owned.get(from)
    if (owned === undefined) throw notOwned(site.environment, from, ownedBlocks(snapshot))
    if (kindOf(from) !== kindOf(to)) throw otherKind(from, to)
    await requireFree(site, base, to, owned)
    const pointer = pointers.pointers.get(from)
    if (pointer?.version !== owned.version || pointer.owner !== snapshot.lineage) throw drifted(site.environment, from)
    const moved = new Map([...snapshot.owned].map(([address, version]) => [address === from ? to : address, version]))
    const { version } = owned
    const { lineage, serial } = snapshot
    try {
      return await commitState(site, {
        snapshot: { ...snapshot, serial: serial + 1, owned: moved },
        stored,
        base: pointers.release,
        moves: [{ from, to }],
        flips: [
          { address: from, before: version, after: null, ownerBefore: lineage, ownerAfter: null },
          { address: to, before: null, after: version, ownerBefore: null, ownerAfter: lineage },
        ],
        changes: [{ action: 'move', address: from, to, version }],
      })
    } catch (error) {
      throw error instanceof OperationError && error.code === 'release/dangling-reference' ? referredTo(error, from, to) : error
    }
  })
}

/** `prompt` of `prompt.answer`, of `module.kb.prompt.answer` and of `prompt.greet["de"]`. */
function kindOf(address: string): string | undefined {
  return address
    .replace(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]/g, '')
    .split('.')
    .at(-2)
}

function otherKind(from: string, to: string): OperationError {
  return new OperationError({
    code: 'state/other-kind',
    summary: `${from} cannot become ${to}`,
    detail: `A block keeps its kind when it is renamed: ${kindOf(from)}.NAME. Nothing was changed.`,
  })
}

/** An address that was used keeps its numbers (ID-6): only one that has this very version, or none, can be moved to. */
async function requireFree(
  { registry, environment }: StateSite,
  { snapshot, pointers }: CaughtUp,
  to: string,
  { version, digest }: { readonly version: number; readonly digest: string },
): Promise<void> {
  const active = pointers.pointers.get(to)?.version ?? snapshot.owned.get(to)?.version
  if (active !== undefined) throw taken(to, `${to}@${active} is active in ${environment}.`)
  const versions = await registry.versionsOf(to)
  if (versions.length === 0 || versions.some(known => known.version === version && known.digest === digest)) return
  throw taken(to, `It was published before, up to ${to}@${versions[0]?.version}, and a number is never used twice.`)
}

function taken(to: string, why: string): OperationError {
  return new OperationError({
    code: 'state/address-taken',
    summary: `${to} is taken`,
    detail: `${why} Choose another name. Nothing was changed.`,
    address: to,
  })
}

function drifted(environment: string, address: string): OperationError {
  return new OperationError({
    code: 'state/drifted',
    summary: `${address} is not where the state of ${environment} says`,
    detail: 'Somebody else moved it since. See what, with flowrun plan, and apply first. Nothing was changed.',
    address,
  })
}

function referredTo(error: OperationError, from: string, to: string): OperationError {
  return new OperationError(
    {
      ...error.diagnostic,
      summary: `${from} is referred to, and cannot be renamed alone`,
      detail:
        `${(error.diagnostic.detail ?? '').split('\n').slice(0, -2).join('\n')}\n` +
        'Rename the block in the configuration, and write there what it was; the next apply compiles anew what refers to it, in the same release:\n' +
        `  moved {\n    from = ${from}\n    to   = ${to}\n  }\nNothing was changed.`,
    },
    { cause: error },
  )
}
