import { OperationError } from '../../diagnostics/operation-error.ts'
import type { PointerSet } from '../../registry/pointer.ts'
import type { ReleaseWithChanges } from '../../registry/release.ts'
import { follow } from '../../state/catch-up.ts'
import { encodeState } from '../../state/encoding.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import { rebuild } from '../../state/fold.ts'
import { emptyState } from '../../state/state.ts'
import type { Deployed } from '../deployed.ts'
import type { OperationHost } from '../project.ts'
import { changeState, commitState, type StateChanged, type StateChangeOptions } from './change.ts'
import { readIfIntact } from './read.ts'

export interface RecoverOptions extends StateChangeOptions {
  /** Whose state; needed only where several configurations share the environment and no state says which. */
  readonly lineage?: string
}

/**
 * Rebuilds the state from the releases of its lineage (STA-2), whatever became of the stored one. Its outputs are lost
 * with it: the next apply writes them.
 *
 * @throws OperationError `state/nothing-to-recover`, `state/several-lineages`, `state/unknown-lineage`.
 */
export function recoverState(host: OperationHost, options: RecoverOptions): Promise<Deployed<StateChanged>> {
  return changeState(host, options, 'state recover', async site => {
    const { backend, registry, environment, actor, dryRun, operation } = site
    const stored = (await backend.currentVersion(environment)) ?? null
    const current = await readIfIntact(backend, environment)
    const pointers = await registry.pointers(environment)
    const releases = await registry.releasesSince(environment, 0)
    const lineage = chooseLineage(environment, options.lineage ?? stored?.lineage, options.lineage !== undefined, pointers, releases)
    const [newest] = await backend.history(environment)
    const before = current?.lineage === lineage ? current : emptyState(lineage)
    const rebuilt = { ...rebuild(before, releases), registryId: pointers.registryId }
    if (current && encodeState(rebuilt) === encodeState(current)) {
      const { serial, owned } = current
      return { environment, dryRun, changes: [], release: undefined, lineage, serial, blocks: owned.size, written: false }
    }
    const serial = Math.max(stored?.serial ?? 0, newest?.serial ?? 0) + 1
    const { snapshot } = await follow(registry, environment, { ...rebuilt, serial })
    const detail = { serial, lineage, releases: releases.length, blocks: snapshot.owned.size }
    if (!dryRun) await registry.record({ actor, action: 'state.recover', subject: environment, reason: operation, detail })
    return await commitState(site, { snapshot, stored, base: pointers.release, flips: [], changes: [] })
  })
}

/** @param wanted by the person, or by what is stored, readable or not. */
function chooseLineage(
  environment: string,
  wanted: string | undefined,
  isNamed: boolean,
  { pointers }: PointerSet,
  releases: readonly ReleaseWithChanges[],
): string {
  const known = new Map<string, number>()
  for (const { lineage, number } of releases) if (lineage !== null) known.set(lineage, number)
  if (wanted !== undefined && known.has(wanted)) return wanted
  const owners = new Map<string, number>()
  for (const { owner } of pointers.values()) if (owner !== null) owners.set(owner, (owners.get(owner) ?? 0) + 1)
  const lines = [...known].map(
    ([lineage, number]) => `  ${lineage}  owns ${counted(owners.get(lineage) ?? 0, 'block')}, made release ${number} last\n`,
  )
  if (isNamed && wanted !== undefined) throw unknownLineage(environment, wanted, lines)
  const candidates = owners.size > 0 ? [...owners.keys()] : [...known.keys()]
  const [only, ...others] = candidates
  if (only === undefined) throw nothingToRecover(environment)
  if (others.length > 0) throw severalLineages(environment, lines)
  return only
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function nothingToRecover(environment: string): OperationError {
  return new OperationError({
    code: 'state/nothing-to-recover',
    summary: `${environment} has no release to rebuild a state from`,
    detail: 'Nothing was ever applied here: flowrun apply makes the first release, and the state with it. Nothing was changed.',
  })
}

function severalLineages(environment: string, lines: readonly string[]): OperationError {
  return new OperationError({
    code: 'state/several-lineages',
    summary: `Several configurations share ${environment}, and nothing says which this one is`,
    detail: `${lines.join('')}Name it:\n  flowrun state recover${onEnvironment(environment)} --lineage LINEAGE\nNothing was changed.`,
  })
}

function unknownLineage(environment: string, wanted: string, lines: readonly string[]): OperationError {
  return new OperationError({
    code: 'state/unknown-lineage',
    summary: `No release of ${environment} is of lineage ${wanted}`,
    detail: `${lines.length === 0 ? 'It has no release.' : `Its releases are of:\n${lines.join('').trimEnd()}`}\nNothing was changed.`,
  })
}
