import type { Artifact } from '../artifact/envelope.ts'
import { followedReferences } from '../artifact/references.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import { invariant } from '../base/invariant.ts'
import type { JsonValue } from '../base/json.ts'
import type { Environment } from '../config/blocks/environment.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { toJson } from '../hcl/json-value.ts'
import { isWhollyKnown } from '../hcl/value.ts'
import type { Hold } from '../registry/hold.ts'
import type { Pointer, PointerSet } from '../registry/pointer.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import type { ArtifactVersion, CompiledReference } from '../registry/version.ts'
import type { StateSnapshot } from '../state/state.ts'
import { changeDigestOf } from './change-digest.ts'
import { classify, type DriftRule } from './drift.ts'
import type { Adoptions, Change, ChangeReason, DriftChange, Obstacle, OutputChange, Plan, PlannedVersion, TargetSummary } from './plan.ts'
import { usedBy } from './used-by.ts'

/** What a plan is made from: one configuration, and one moment of state and registry. */
export interface PlanSources {
  readonly configuration: Configuration
  readonly state: StateSnapshot
  readonly pointers: PointerSet
  readonly holds: readonly Hold[]
  /** The release that moved a drifted address last. */
  readonly causes: ReadonlyMap<string, ReleaseWithChanges>
  /** The published version of (address, digest), if there is one. */
  published(address: string, digest: Digest): ArtifactVersion | undefined
  highestVersion(address: string): number
  /** The artifact of a pointer; only those of changed blocks are read. */
  current(pointer: Pointer): Artifact
  /** Digests of what was read of the process environment. */
  readonly environmentReads: Readonly<Record<string, Digest>>
  readonly applyId: Ulid
  readonly nowMs: number
  readonly warnings: readonly Diagnostic[]
}

/** Where an address stands, and the block that the configuration has for it. */
export interface Standing {
  readonly address: string
  readonly rule: DriftRule
  readonly block: CompiledBlock | undefined
  readonly pointer: Pointer | undefined
}

/** Compares configuration, state and registry at every address that any of ours knows: changed or not, each once. */
export function standings(
  configuration: Configuration,
  state: StateSnapshot,
  pointers: PointerSet,
  holds: readonly Hold[],
): readonly Standing[] {
  const held = new Set(holds.map(hold => `${hold.address} ${hold.digest}`))
  const blocks = new Map(configuration.blocks.map(block => [block.address, block]))
  const gone = [...state.owned.keys()].filter(address => !blocks.has(address)).sort()
  return [...blocks.keys(), ...gone].flatMap(address => {
    const block = blocks.get(address)
    const pointer = pointers.pointers.get(address)
    const rule = classify({
      configuration: block?.digest,
      state: state.owned.get(address),
      registry: pointer,
      lineage: state.lineage,
      held: block !== undefined && held.has(`${address} ${block.digest}`),
    })
    return rule ? [{ address, rule, block, pointer }] : []
  })
}

/** The plan itself; a forecast of tokens and cost is added by whoever shows it. */
export function makePlan(sources: PlanSources): Plan {
  const { configuration, state, pointers } = sources
  const found = standings(configuration, state, pointers, sources.holds)
  const reachedBy = usedBy(configuration.blocks)
  const variables = variableDigests(configuration)
  const changes = found.flatMap(standing => changeOf(standing, sources, reachedBy, variables) ?? [])
  const outputs = outputChanges(configuration, state)
  const core = {
    mode: 'normal' as const,
    changes,
    outputs,
    adoptions: adoptionsOf(found),
    references: referencesOf(configuration.blocks, changes, sources),
  }
  return Object.freeze({
    ...core,
    project: configuration.project,
    environment: configuration.environment.name,
    target: targetOf(configuration.environment),
    applyId: sources.applyId,
    createdAtMs: sources.nowMs,
    base: { release: pointers.release, registryId: pointers.registryId, lineage: state.lineage, stateSerial: state.serial },
    drift: found.flatMap(standing => driftOf(standing, sources) ?? []),
    obstacles: obstaclesOf(changes, found, sources),
    changeDigest: changeDigestOf(core),
    inputs: {
      configuration: digestOf(configuration.files as unknown as JsonValue),
      variables,
      files: configuration.files,
      environment: sources.environmentReads,
    },
    warnings: sources.warnings,
  })
}

function targetOf({ state, content, secrets }: Environment): TargetSummary {
  return { type: 'embedded', state, content, ...(secrets ? { secrets } : {}) }
}

function changeOf(
  { address, rule, block, pointer }: Standing,
  sources: PlanSources,
  reachedBy: (address: string) => readonly string[],
  variables: Readonly<Record<string, Digest>>,
): Change | undefined {
  const before = pointer && !isUnchanged(rule) ? plannedPointer(pointer, sources.current(pointer)) : undefined
  const owner = pointer?.owner ? { ownerBefore: pointer.owner } : {}
  if (block === undefined) {
    if (rule.kind !== 'archive' && rule.kind !== 'drift-then-archive') return undefined
    invariant(before, 'plan/nothing-to-archive', `${address} has no pointer to archive`)
    const { kind } = before.artifact
    return {
      address,
      kind,
      action: 'delete',
      reason: reasonToArchive(address, sources.configuration),
      before,
      usedBy: [],
      keptVersions: sources.highestVersion(address),
      ...owner,
    }
  }
  if (isUnchanged(rule)) return undefined
  const after = plannedBlock(block, sources, variables)
  const wasPublished = after.publishedAtMs !== undefined
  if (before === undefined) {
    return { address, kind: block.kind, action: 'create', reason: wasPublished ? 'reactivated' : 'new', after, usedBy: reachedBy(address) }
  }
  return {
    address,
    kind: block.kind,
    action: 'update',
    reason: wasPublished ? 'published-earlier' : 'content',
    before,
    after,
    usedBy: reachedBy(address),
    ...owner,
  }
}

const ARCHIVED_BECAUSE = { single: 'not-in-configuration', for_each: 'not-in-for-each', count: 'not-in-count' } as const

/** A block may have lost one of its instances only. */
function reasonToArchive(address: string, configuration: Configuration): ChangeReason {
  return ARCHIVED_BECAUSE[configuration.remnant(address)?.repetition ?? 'single']
}

/** Nothing moves: equal, brought to where we are by others, given up, or refused. */
function isUnchanged(rule: DriftRule): boolean {
  return rule.kind === 'unchanged' || rule.kind === 'converged' || rule.kind === 'gone' || rule.kind === 'owned-elsewhere'
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

function adoptionsOf(found: readonly Standing[]): Adoptions {
  const converged = found.flatMap(({ address, rule, pointer }) =>
    rule.kind === 'converged' && pointer ? [{ address, version: pointer.version, digest: pointer.digest }] : [],
  )
  const forgotten = found.filter(
    ({ rule, block }) => block === undefined && (rule.kind === 'gone' || rule.kind === 'owned-elsewhere' || rule.kind === 'unowned'),
  )
  return { converged, forgotten: forgotten.map(({ address }) => address) }
}

/** Facts for every block that changes or refers to one that does. */
function referencesOf(blocks: readonly CompiledBlock[], changes: readonly Change[], sources: PlanSources): readonly CompiledReference[] {
  const changed = new Map(changes.map(change => [change.address, change]))
  const interfaces = new Map(blocks.map(block => [block.address, block.interfaceDigest]))
  return blocks.flatMap(block => {
    const version = changed.get(block.address)?.after?.version ?? sources.pointers.pointers.get(block.address)?.version
    if (version === undefined) return []
    const followed = followedReferences(block.artifact.spec)
    const targets = changed.has(block.address) ? followed : followed.filter(target => changed.has(target))
    return targets.flatMap(target => {
      const interfaceDigest = interfaces.get(target)
      return interfaceDigest ? [{ address: block.address, version, target, interfaceDigest }] : []
    })
  })
}

/** Others moved the pointer away from where our last release left it. */
export function isDrifted({ rule }: Standing): boolean {
  return ['rolled-back', 'drift-and-change', 'archived-by-others', 'drift-then-archive'].includes(rule.kind)
}

function driftOf(standing: Standing, { state, causes }: PlanSources): DriftChange | undefined {
  const { address, pointer } = standing
  const cause = isDrifted(standing) ? causes.get(address) : undefined
  if (cause === undefined) return undefined
  const owned = state.owned.get(address)
  return {
    address,
    ...(owned ? { before: owned.version } : {}),
    ...(pointer ? { after: pointer.version } : {}),
    release: cause.number,
    actor: cause.actor,
    atMs: cause.createdAtMs,
    cause: cause.kind,
    ...(cause.reason ? { reason: cause.reason } : {}),
  }
}

function obstaclesOf(changes: readonly Change[], found: readonly Standing[], { holds }: PlanSources): readonly Obstacle[] {
  const held = changes.flatMap(({ address, after }): readonly Obstacle[] => {
    const hold = after && holds.find(item => item.address === address && item.digest === after.digest)
    if (!after || !hold) return []
    return [
      {
        kind: 'held',
        address,
        version: after.version,
        digest: after.digest,
        release: hold.rollback,
        actor: hold.actor,
        atMs: hold.createdAtMs,
        reason: hold.reason,
      },
    ]
  })
  const elsewhere = found.flatMap(({ address, rule }): readonly Obstacle[] =>
    rule.kind === 'owned-elsewhere' && rule.given ? [{ kind: 'owned-elsewhere', address, lineage: rule.owner }] : [],
  )
  return [...held, ...elsewhere]
}

function outputChanges(configuration: Configuration, state: StateSnapshot): readonly OutputChange[] {
  const changes = configuration.outputs.map(({ name, value, type, sensitive }): OutputChange => {
    const before = state.outputs.get(name)
    const shownBefore = before && !before.sensitive && !sensitive ? { before: before.value } : {}
    const after = sensitive || value === undefined ? {} : { after: value }
    const same = before !== undefined && before.sensitive === sensitive && before.type === type && (sensitive || equalJson(before, value))
    return { name, action: before === undefined ? 'create' : same ? 'no-op' : 'update', ...shownBefore, ...after, type, sensitive }
  })
  const names = new Set(configuration.outputs.map(output => output.name))
  const removed = [...state.outputs].flatMap(([name, before]): readonly OutputChange[] =>
    names.has(name)
      ? []
      : [{ name, action: 'delete', ...(before.sensitive ? {} : { before: before.value }), type: before.type, sensitive: before.sensitive }],
  )
  return [...changes, ...removed]
}

function equalJson(before: { readonly sensitive: boolean; readonly value?: JsonValue }, after: JsonValue | undefined): boolean {
  return before.value !== undefined && after !== undefined && digestOf(before.value) === digestOf(after)
}

/** Sensitive values too: their digests stay in the plan file and the registry, which know no value. */
function variableDigests({ variables }: Configuration): Readonly<Record<string, Digest>> {
  return Object.fromEntries(
    [...variables].flatMap(([name, value]) => (isWhollyKnown(value) ? [[name, digestOf(toJson(value, capsule => capsule.label))]] : [])),
  )
}
