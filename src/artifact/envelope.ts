import type { Digest } from '../base/digest.ts'
import type { BudgetSpec } from './budget.ts'
import type { GuardSpec } from './guard.ts'
import type { ModelSpec } from './model.ts'
import type { PromptSpec } from './prompt.ts'
import type { ProviderSpec } from './provider.ts'
import type { ToolSpec } from './tool.ts'
import type { WorkflowSpec } from './workflow.ts'

export const ARTIFACT_FORMAT = 'flowrun.artifact/1'

/** What one published block compiles to: self-contained, and without its own address (ID-2, blocks.md 7.2). */
export type Artifact =
  | Envelope<'provider', ProviderSpec>
  | Envelope<'model', ModelSpec>
  | Envelope<'guard', GuardSpec>
  | Envelope<'prompt', PromptSpec>
  | Envelope<'tool', ToolSpec>
  | Envelope<'workflow', WorkflowSpec>
  | Envelope<'budget', BudgetSpec>

export type ArtifactKind = Artifact['kind']

export interface Envelope<Kind extends string, Spec> {
  readonly format: typeof ARTIFACT_FORMAT
  readonly kind: Kind
  /** Addresses that the spec refers to directly, sorted, with the interface digest that each was compiled against (ID-3). */
  readonly refs: readonly string[]
  /** Names of secrets that the spec may ask for, sorted. The engine resolves no others. */
  readonly secrets: readonly string[]
  readonly spec: Spec
}

/** An artifact with the digest of its canonical JSON. */
export interface DigestedArtifact {
  readonly digest: Digest
  readonly artifact: Artifact
}
