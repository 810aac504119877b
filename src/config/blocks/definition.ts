import type { Artifact, ArtifactKind, Envelope } from '../../artifact/envelope.ts'
import type { Block } from '../../hcl/ast.ts'
import type { BodySpec } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'

/** One type of published block: how it is written, and what it compiles to. */
export type BlockDefinition<Kind extends ArtifactKind = ArtifactKind> = Kind extends ArtifactKind ? DefinitionOf<Kind> : never

interface DefinitionOf<Kind extends ArtifactKind> {
  readonly kind: Kind
  readonly summary: string
  readonly stability: 'stable' | 'experimental' | 'deprecated'
  readonly body: BodySpec
  /** @returns undefined after an error was reported. */
  compile(block: Block, site: BlockSite): CompiledBody<Extract<Artifact, Envelope<Kind, unknown>>['spec']> | undefined
}

export interface CompiledBody<Spec> {
  readonly spec: Spec
  /** The file that a text argument was read from: `system` → `prompts/answer.md`. */
  readonly textFiles?: Readonly<Record<string, string>>
}
