import type { Artifact } from '../artifact/envelope.ts'
import type { Digest } from '../base/digest.ts'
import type { Block } from '../hcl/ast.ts'
import type { Scope } from '../hcl/scope.ts'
import type { Address } from './address.ts'
import type { BlockDefinition } from './blocks/definition.ts'
import type { Repetition } from './instances.ts'
import type { Lifecycle } from './lifecycle.ts'

/** A published block as it is written, with `for_each` and `count` not yet applied. */
export interface DeclaredBlock {
  readonly kind: Artifact['kind']
  readonly name: string
  readonly block: Block
  readonly definition: BlockDefinition
  /** Known once its instances were asked for. */
  repetition(): Repetition
}

/** One block that will have one artifact. */
export interface Instance {
  readonly address: Address
  /** The address as text. */
  readonly text: string
  readonly declared: DeclaredBlock
  readonly scope: Scope
}

/** What one instance compiled to. */
export interface CompiledBlock {
  readonly address: string
  readonly kind: Artifact['kind']
  readonly name: string
  readonly block: Block
  readonly artifact: Artifact
  readonly digest: Digest
  readonly interfaceDigest: Digest
  readonly lifecycle: Lifecycle
  /** Addresses that the artifact refers to, and those in `depends_on`. */
  readonly dependsOn: readonly string[]
  /** The file that a text argument was read from. */
  readonly textFiles: Readonly<Record<string, string>>
}
