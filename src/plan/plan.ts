import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import type { Ulid } from '../base/ids.ts'
import type { JsonValue } from '../base/json.ts'
import type { StoreSettings } from '../config/blocks/environment-stores.ts'
import type { Search } from '../config/project-files.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { AddressMove } from '../registry/release.ts'
import type { CompiledReference } from '../registry/version.ts'
import type { StateCheck } from '../state/state.ts'
import type { EnvironmentReads } from './environment-reads.ts'

/** What apply would do, as data: the views render it, apply executes it, a plan file stores it. */
export interface Plan {
  readonly mode: PlanMode
  readonly project: string
  readonly environment: string
  readonly target: TargetSummary
  /** Destroying the environment needs a consent of its own, also by a saved plan. */
  readonly isProtected: boolean
  /** Sent with the release, so that it happens once (REL-2). */
  readonly applyId: Ulid
  readonly createdAtMs: number
  readonly base: PlanBase
  /** In the order of dependencies, then of declaration; archived ones last. Unchanged blocks are not in it. */
  readonly changes: readonly Change[]
  /** What others did to addresses that are ours, since our last release (section 6 of the rules: DRIFT). */
  readonly drift: readonly DriftChange[]
  readonly outputs: readonly OutputChange[]
  /** Results of `check` blocks; they follow into the state. */
  readonly checks: readonly StateCheck[]
  /** With `-target` or `-exclude`: how much of the whole this plan is. */
  readonly selection?: PlanSelection
  /** What the state owns besides `changes` after apply: addresses that others brought to where the configuration is, and those that it forgets. */
  readonly adoptions: Adoptions
  /** Addresses whose versions and holds follow to a new one (MOVE-1). */
  readonly moves: readonly AddressMove[]
  /** Facts of the compiler for the changed blocks and those that refer to them (ID-3). */
  readonly references: readonly CompiledReference[]
  /** Why apply would refuse this plan; empty when it would not. */
  readonly obstacles: readonly Obstacle[]
  /** Digest of what the plan does, whatever the base (REL-6). */
  readonly changeDigest: Digest
  /** What the plan was made from, so that a saved one knows when it is stale (REL-11). */
  readonly inputs: PlanInputs
  /** Warnings; a plan with errors is never made. */
  readonly warnings: readonly Diagnostic[]
}

/** A part of the configuration was planned. */
export interface PlanSelection {
  readonly covered: number
  readonly of: number
}

export interface Adoptions {
  readonly converged: readonly { readonly address: string; readonly version: number; readonly digest: Digest }[]
  readonly forgotten: readonly string[]
}

export type PlanMode = 'normal' | 'destroy' | 'refresh-only'

/** Where state and contents are, as the environment says it: secrets by their names. */
export interface TargetSummary extends StoreSettings {
  readonly type: 'embedded'
}

export interface PlanBase {
  /** The environment's release that the plan was made against; 0 before the first. */
  readonly release: number
  readonly registryId: string
  readonly lineage: string
  readonly stateSerial: number
}

/**
 * `update` points to another version; `create` to a first or reactivated one; `delete` archives the pointer; `move` and
 * `import` change its address or its owner alone; `forget` gives up the ownership and leaves the pointer.
 */
export type ChangeAction = 'create' | 'update' | 'delete' | 'forget' | 'move' | 'import'

export interface Change {
  readonly address: string
  readonly kind: Artifact['kind']
  readonly action: ChangeAction
  readonly reason: ChangeReason
  /** The active version in this environment now; absent for a create. */
  readonly before?: PlannedVersion
  /** The active version after apply; absent for a delete. */
  readonly after?: PlannedVersion
  /** Addresses that reach this block through references, nearest first. */
  readonly usedBy: readonly string[]
  readonly forecast?: Forecast
  /** Of a model: prompts that cost more or less with it, in the order of the configuration. */
  readonly affectedCosts?: readonly AffectedCost[]
  /** Versions of an archived address that are kept. */
  readonly keptVersions?: number
  /** Who owns the pointer now; absent when nobody does. */
  readonly ownerBefore?: string
  /** By a `moved` block, the address that the pointer has now. */
  readonly previousAddress?: string
  /** By an `import` block or because nobody owned it: the version that is taken over, `prompt.reply@5`. */
  readonly imported?: ImportedVersion
}

export interface ImportedVersion {
  readonly address: string
  readonly version: number
  /** The version that is active at the address of the change now; null: none. */
  readonly active: number | null
  /** Why it is taken from another configuration. */
  readonly takeOver?: string
}

export type ChangeReason =
  | 'new'
  | 'content'
  | 'published-earlier'
  | 'reactivated'
  | 'references-moved'
  | 'not-in-configuration'
  | 'not-in-for-each'
  | 'not-in-count'
  | 'destroy'
  | 'removed'
  | 'moved'
  | 'imported'

export interface PlannedVersion {
  readonly version: number
  readonly digest: Digest
  readonly interfaceDigest: Digest
  readonly artifact: Artifact
  /** When the version is in the registry already. */
  readonly publishedAtMs?: number
  /** Files that a text argument was read from: `system` → `prompts/answer.md`. Known of the configuration only. */
  readonly textFiles?: Readonly<Record<string, string>>
  /** Variables folded into the artifact, with the digest of each value (PROM-3). */
  readonly folded?: Readonly<Record<string, Digest>>
  /** Of a new version with published content: where it is copied from, `prompt.reply@5`. */
  readonly origin?: string
}

/** Tokens and cost of one call of a prompt, before and after. */
export interface Forecast {
  readonly tokensBefore?: TokenCount
  readonly tokensAfter?: TokenCount
  readonly costBefore?: CostForecast
  readonly costAfter?: CostForecast
}

/** What another model, limit or price does to a prompt that uses it. */
export interface AffectedCost {
  readonly address: string
  readonly before: CostForecast
  readonly after: CostForecast
}

export interface TokenCount {
  /** Of the fixed text, without what is inserted when a flow runs. */
  readonly fixed: number
  /** The tokenizer is not the provider's own: shown with `~`. */
  readonly approximate: boolean
  /** Per text file or argument, largest first. */
  readonly parts: readonly { readonly name: string; readonly tokens: number }[]
}

export interface CostForecast {
  /** Of 1,000 calls; null: the price is unknown. */
  readonly nanoPerThousandCalls: number | null
  /**
   * What the figure rests on: `recorded` calls, the `dataset`, an upper `limit` from fixed text and the output limit,
   * or `simulated`.
   */
  readonly basis: CostBasis
  /** The model that the price is of. */
  readonly modelAddress: string
  readonly modelId: string
}

export type CostBasis =
  | { readonly kind: 'simulated' }
  | { readonly kind: 'limit'; readonly inputTokens: number; readonly outputTokens: number }
  | {
      readonly kind: 'recorded'
      readonly calls: number
      readonly days: number
      readonly inputTokens: number
      readonly outputTokens: number
    }
  | { readonly kind: 'no-price' }

export interface DriftChange {
  readonly address: string
  readonly before?: number
  readonly after?: number
  readonly release: number
  readonly actor: string
  readonly atMs: number
  readonly cause: 'apply' | 'rollback' | 'promote' | 'destroy' | 'import'
  readonly reason?: string
}

export interface OutputChange {
  readonly name: string
  readonly action: 'create' | 'update' | 'delete' | 'no-op'
  /** Absent when sensitive. */
  readonly before?: JsonValue
  readonly after?: JsonValue
  /** Of the value after apply, as it is written in configuration. */
  readonly type: string
  readonly sensitive: boolean
}

export type Obstacle =
  | {
      readonly kind: 'held'
      readonly address: string
      readonly version: number
      readonly digest: Digest
      readonly release: number
      readonly actor: string
      readonly atMs: number
      readonly reason: string
    }
  | { readonly kind: 'owned-elsewhere'; readonly address: string; readonly lineage: string }

/** Content that somebody rolled back, and that a plan would publish again. */
export type HeldObstacle = Extract<Obstacle, { kind: 'held' }>

/** What `--override-hold` lifts. */
export function heldObstacles({ obstacles }: Pick<Plan, 'obstacles'>): readonly HeldObstacle[] {
  return obstacles.filter(obstacle => obstacle.kind === 'held')
}

export interface PlanInputs extends EnvironmentReads {
  readonly configuration: Digest
  /** Digest of each variable's value, but of sensitive ones. */
  readonly variables: Readonly<Record<string, Digest>>
  /** Files read by the configuration, relative to the project. */
  readonly files: Readonly<Record<string, Digest>>
  /** What the configuration looked for in the project; absent where it looked for nothing. */
  readonly searches?: readonly Search[]
}

/** Changes by symbol, as the summary line counts them. */
export interface ChangeCounts {
  readonly add: number
  readonly change: number
  readonly destroy: number
  readonly import: number
  readonly move: number
  readonly forget: number
}

export function countChanges(plan: Pick<Plan, 'changes'>): ChangeCounts {
  const count = (action: ChangeAction) => plan.changes.filter(change => change.action === action).length
  return {
    add: count('create'),
    change: count('update'),
    destroy: count('delete'),
    import: count('import'),
    move: count('move'),
    forget: count('forget'),
  }
}
