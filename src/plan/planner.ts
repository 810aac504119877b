import { followedReferences } from '../artifact/references.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import type { JsonValue } from '../base/json.ts'
import type { Environment } from '../config/blocks/environment.ts'
import type { Configuration } from '../config/configuration.ts'
import { toJson } from '../hcl/json-value.ts'
import { deepMarks, isWhollyKnown } from '../hcl/value.ts'
import type { CompiledReference } from '../registry/version.ts'
import type { StateSnapshot } from '../state/state.ts'
import { changeDigestOf } from './change-digest.ts'
import { changesOf } from './changes.ts'
import type { Adoptions, Change, DriftChange, Obstacle, OutputChange, Plan, TargetSummary } from './plan.ts'
import type { PlanSources } from './sources.ts'
import { isDrifted, type Standing } from './standing.ts'

/** The plan itself; a forecast of tokens and cost is added by whoever shows it. */
export function makePlan(sources: PlanSources): Plan {
  const { configuration, mode, selection } = sources
  const variables = variableDigests(configuration)
  const changes = changesOf(sources, variables)
  // A part of a configuration says nothing about what is read of the whole.
  const keepsOutputs = mode === 'refresh-only' || selection !== undefined
  const core = {
    mode,
    changes,
    outputs: keepsOutputs
      ? keptOutputs(sources.view.state)
      : outputChanges(mode === 'destroy' ? [] : configuration.outputs, sources.view.state),
    adoptions: adoptionsOf(sources),
    moves: sources.movesOf(changes.flatMap(({ address, after }) => (after ? [address] : []))),
    obstacles: obstaclesOf(changes, sources),
  }
  return Object.freeze({
    ...core,
    references: referencesOf(changes, sources),
    checks: keepsOutputs ? sources.view.state.checks : mode === 'destroy' ? [] : configuration.checks,
    ...(selection ? { selection } : {}),
    project: configuration.project,
    environment: configuration.environment.name,
    target: targetOf(configuration.environment),
    isProtected: configuration.environment.protected,
    applyId: sources.applyId,
    createdAtMs: sources.nowMs,
    base: sources.base,
    drift: sources.standings.flatMap(standing => driftOf(standing, sources) ?? []),
    changeDigest: changeDigestOf(core),
    inputs: {
      configuration: digestOf(configuration.files as unknown as JsonValue),
      variables,
      files: configuration.files,
      ...(configuration.searches.length > 0 && { searches: configuration.searches }),
      ...sources.environmentReads,
    },
    warnings: sources.warnings,
  })
}

function targetOf({ state, content, secrets }: Environment): TargetSummary {
  return { type: 'embedded', state, content, ...(secrets ? { secrets } : {}) }
}

/** With `-refresh-only` the state follows whatever others did; else only where they did what the configuration says. */
function adoptionsOf({ standings, mode }: PlanSources): Adoptions {
  const follows = (standing: Standing) => standing.rule.kind === 'converged' || (mode === 'refresh-only' && isDrifted(standing))
  const converged = standings.flatMap(standing => {
    const { address, pointer } = standing
    return pointer && follows(standing) ? [{ address, version: pointer.version, digest: pointer.digest }] : []
  })
  const forgotten = standings.filter(standing => {
    const { rule, block, pointer } = standing
    if (mode === 'refresh-only' && pointer === undefined && isDrifted(standing)) return true
    return block === undefined && (rule.kind === 'gone' || rule.kind === 'owned-elsewhere' || rule.kind === 'unowned')
  })
  return { converged, forgotten: forgotten.map(({ address }) => address) }
}

/** Facts for every block that changes or refers to one that does. */
function referencesOf(changes: readonly Change[], { configuration, view, mode }: PlanSources): readonly CompiledReference[] {
  if (mode !== 'normal' || changes.length === 0) return []
  const { blocks } = configuration
  const changed = new Map(changes.map(change => [change.address, change]))
  const interfaces = new Map(blocks.map(block => [block.address, block.interfaceDigest]))
  return blocks.flatMap(block => {
    const pointer = view.pointers.get(block.address)
    const version = changed.get(block.address)?.after?.version ?? pointer?.version
    // A block outside of the selection may be configured otherwise than it is deployed: of that nothing is known here.
    if (version === undefined || (!changed.has(block.address) && pointer?.digest !== block.digest)) return []
    const followed = followedReferences(block.artifact.spec)
    const targets = changed.has(block.address) ? followed : followed.filter(target => changed.has(target))
    return targets.flatMap(target => {
      const interfaceDigest = interfaces.get(target)
      return interfaceDigest ? [{ address: block.address, version, target, interfaceDigest }] : []
    })
  })
}

function driftOf(standing: Standing, { view, causes }: PlanSources): DriftChange | undefined {
  const { address, pointer } = standing
  const cause = isDrifted(standing) ? causes.get(address) : undefined
  if (cause === undefined) return undefined
  const owned = view.state.owned.get(address)
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

function obstaclesOf(changes: readonly Change[], { standings, view: { holds } }: PlanSources): readonly Obstacle[] {
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
  const elsewhere = standings.flatMap(({ address, rule }): readonly Obstacle[] =>
    rule.kind === 'owned-elsewhere' && rule.given ? [{ kind: 'owned-elsewhere', address, lineage: rule.owner }] : [],
  )
  return [...held, ...elsewhere]
}

function outputChanges(outputs: Configuration['outputs'], state: StateSnapshot): readonly OutputChange[] {
  const changes = outputs.map(({ name, value, type, sensitive }): OutputChange => {
    const before = state.outputs.get(name)
    const shownBefore = before && !before.sensitive && !sensitive ? { before: before.value } : {}
    const after = sensitive || value === undefined ? {} : { after: value }
    const same = before !== undefined && before.sensitive === sensitive && before.type === type && (sensitive || equalJson(before, value))
    return { name, action: before === undefined ? 'create' : same ? 'no-op' : 'update', ...shownBefore, ...after, type, sensitive }
  })
  const names = new Set(outputs.map(output => output.name))
  const removed = [...state.outputs].flatMap(([name, before]): readonly OutputChange[] =>
    names.has(name)
      ? []
      : [{ name, action: 'delete', ...(before.sensitive ? {} : { before: before.value }), type: before.type, sensitive: before.sensitive }],
  )
  return [...changes, ...removed]
}

function keptOutputs({ outputs }: StateSnapshot): readonly OutputChange[] {
  return [...outputs].map(([name, { type, sensitive, ...kept }]) => {
    const values = 'value' in kept ? { before: kept.value, after: kept.value } : {}
    return { name, action: 'no-op', type, sensitive, ...values }
  })
}

function equalJson(before: { readonly sensitive: boolean; readonly value?: JsonValue }, after: JsonValue | undefined): boolean {
  return before.value !== undefined && after !== undefined && digestOf(before.value) === digestOf(after)
}

/** Not of sensitive values: they go into plan files and the registry, and a digest of a short one can be guessed (SEC-2). */
export function variableDigests({ variables }: Configuration): Readonly<Record<string, Digest>> {
  return Object.fromEntries(
    [...variables].flatMap(([name, value]) =>
      isWhollyKnown(value) && !deepMarks(value) ? [[name, digestOf(toJson(value, capsule => capsule.label))]] : [],
    ),
  )
}
