import type { Artifact } from '../artifact/envelope.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import { invariant } from '../base/invariant.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'
import { speaksOf } from '../config/blocks/refactoring.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Pointer } from '../registry/pointer.ts'
import type { Change, ChangeReason, PlannedVersion } from './plan.ts'
import type { ImportSource, PlanSources } from './sources.ts'
import { isArchived, isUnchanged, type Standing } from './standing.ts'
import { usedBy } from './used-by.ts'

/** What apply would do at each address, in the order of the standings. */
export function changesOf(sources: PlanSources, variables: Readonly<Record<string, Digest>>): readonly Change[] {
  if (sources.mode === 'refresh-only') return []
  const reachedBy = usedBy(sources.configuration.blocks)
  return sources.standings.flatMap(standing => {
    if (standing.block === undefined) return givenUp(standing, sources) ?? []
    const after = plannedBlock(standing.block, sources, variables)
    const source = sources.imports.get(standing.address)
    const change = source ? imported(standing, source, after) : configured(standing, after, sources)
    return change ? [{ ...change, usedBy: reachedBy(standing.address) }] : []
  })
}

/** Of a block that is no longer configured: its pointer is archived or, where a `removed` block says so, left behind. */
function givenUp(standing: Standing, sources: PlanSources): Change | undefined {
  const { address, pointer } = standing
  if (!isArchived(standing)) return undefined
  invariant(pointer, 'plan/nothing-to-archive', `${address} has no pointer to archive`)
  const before = plannedPointer(pointer, sources.current(pointer))
  const { kind } = before.artifact
  const owner = pointer.owner ? { ownerBefore: pointer.owner } : {}
  const removed = sources.configuration.refactorings.removed.find(item => speaksOf(item, address))
  if (removed && !removed.destroy && sources.mode !== 'destroy')
    return { address, kind, action: 'forget', reason: 'removed', before, usedBy: [], ...owner }
  const reason = sources.mode === 'destroy' ? 'destroy' : removed ? 'removed' : reasonToArchive(address, sources.configuration)
  return { address, kind, action: 'delete', reason, before, usedBy: [], keptVersions: sources.highestVersion(address), ...owner }
}

const ARCHIVED_BECAUSE = { single: 'not-in-configuration', for_each: 'not-in-for-each', count: 'not-in-count' } as const

/** A block may have lost one of its instances only. */
function reasonToArchive(address: string, configuration: Configuration): ChangeReason {
  return ARCHIVED_BECAUSE[configuration.remnant(address)?.repetition ?? 'single']
}

type OwnChange = Omit<Change, 'usedBy'>

function configured(standing: Standing, after: PlannedVersion, sources: PlanSources): OwnChange | undefined {
  const { address, pointer, rule } = standing
  const previousAddress = sources.view.formerly.get(address)
  if (isUnchanged(standing) && !(previousAddress !== undefined && rule.kind === 'unchanged')) return undefined
  const { kind } = after.artifact
  const wasPublished = after.publishedAtMs !== undefined
  if (pointer === undefined) return { address, kind, action: 'create', reason: wasPublished ? 'reactivated' : 'new', after }
  const before = plannedPointer(pointer, sources.current(pointer))
  const isCopy = previousAddress !== undefined && before.digest === after.digest && !wasPublished
  const copied = isCopy ? { ...after, origin: `${previousAddress}@${before.version}` } : after
  const from = {
    before,
    after: copied,
    ...(pointer.owner ? { ownerBefore: pointer.owner } : {}),
    ...(previousAddress ? { previousAddress } : {}),
  }
  if (rule.kind === 'unowned') {
    const takeover = { imported: { address, version: pointer.version, active: pointer.version } }
    return { address, kind, action: pointer.digest === after.digest ? 'import' : 'update', reason: 'imported', ...from, ...takeover }
  }
  if (before.digest === after.digest) return { address, kind, action: 'move', reason: 'moved', ...from }
  return { address, kind, action: 'update', reason: reasonToUpdate(before, after, wasPublished, sources), ...from }
}

/** What an `import` block takes over; the configuration may say something else, which is then a change as well. */
function imported(standing: Standing, { block, version, artifact }: ImportSource, after: PlannedVersion): OwnChange | undefined {
  const { address, pointer, rule } = standing
  if (rule.kind === 'owned-elsewhere') return undefined
  const { digest, interfaceDigest } = version
  const isSame = digest === after.digest
  return {
    address,
    kind: after.artifact.kind,
    action: isSame ? 'import' : 'update',
    reason: 'imported',
    before: { version: version.version, digest, interfaceDigest, artifact },
    after: isSame && after.publishedAtMs === undefined ? { ...after, origin: `${version.address}@${version.version}` } : after,
    ...(pointer?.owner ? { ownerBefore: pointer.owner } : {}),
    imported: {
      address: version.address,
      version: version.version,
      active: pointer?.version ?? null,
      ...(block.takeOver ? { takeOver: block.reason } : {}),
    },
  }
}

function reasonToUpdate(before: PlannedVersion, after: PlannedVersion, wasPublished: boolean, { view }: PlanSources): ChangeReason {
  if (wasPublished) return 'published-earlier'
  return view.formerly.size > 0 && digestOf(renamed(before.artifact, view.formerly)) === after.digest ? 'references-moved' : 'content'
}

/** The artifact with the addresses that it refers to as they are now (MOVE-2). */
function renamed(artifact: Artifact, formerly: ReadonlyMap<string, string>): JsonValue {
  const now = new Map([...formerly].map(([to, from]) => [from, to]))
  const rename = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(rename)
    if (!isJsonObject(value)) return value
    const entries = Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' ? (now.get(String(member)) ?? member) : rename(member),
    ])
    return Object.fromEntries(entries)
  }
  // An interface has no index signature, so the compiler cannot see that an artifact is JSON.
  const { refs, ...rest } = artifact
  return { ...(rename(rest as unknown as JsonValue) as object), refs: refs.map(ref => now.get(ref) ?? ref).sort() }
}

function plannedPointer(pointer: Pointer, artifact: Artifact): PlannedVersion {
  return { version: pointer.version, digest: pointer.digest, interfaceDigest: pointer.interfaceDigest, artifact }
}

/** The published version of the same content, or the next number: version numbers are known before they exist (ID-7). */
function plannedBlock(block: CompiledBlock, sources: PlanSources, variables: Readonly<Record<string, Digest>>): PlannedVersion {
  const published = sources.published(block.address, block.digest)
  const folded = sources.configuration.foldedVariables(block.address)
  return {
    version: published?.version ?? sources.highestVersion(block.address) + 1,
    digest: block.digest,
    interfaceDigest: block.interfaceDigest,
    artifact: block.artifact,
    textFiles: block.textFiles,
    ...(published ? { publishedAtMs: published.createdAtMs } : {}),
    ...(folded.length > 0
      ? { folded: Object.fromEntries(folded.flatMap(name => (variables[name] ? [[name, variables[name]]] : []))) }
      : {}),
  }
}
