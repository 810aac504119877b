import type { Digest } from '../base/digest.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block } from '../hcl/ast.ts'
import type { Value } from '../hcl/value.ts'
import type { CheckResult } from './blocks/check.ts'
import type { Environment } from './blocks/environment.ts'
import type { OutputValue } from './blocks/output.ts'
import type { Refactorings } from './blocks/refactoring.ts'
import type { CompiledBlock } from './instance.ts'
import type { Repetition } from './instances.ts'
import type { Search } from './project-files.ts'

/** All blocks of a directory, decoded for one environment and compiled: what plan compares. */
export interface Configuration {
  /** Absolute. */
  readonly root: string
  readonly project: string
  readonly environment: Environment
  /** After what they depend on, then in source order. */
  readonly blocks: readonly CompiledBlock[]
  readonly outputs: readonly OutputValue[]
  /** Of all `check` blocks, those of modules included. */
  readonly checks: readonly CheckResult[]
  readonly refactorings: Refactorings
  readonly variables: ReadonlyMap<string, Value>
  /** Files that were read, relative to the root, the configuration's own among them. */
  readonly files: Readonly<Record<string, Digest>>
  readonly searches: readonly Search[]
  /** Variables folded into an artifact, by address; worked out when asked, for changed blocks only (PROM-3). */
  foldedVariables(address: string): readonly string[]
  /** Of an address that is not among the blocks: the block that it was an instance of, if that is still declared. */
  remnant(address: string): Remnant | undefined
}

/** A block that lost an instance: its key is gone from `for_each`, or past the `count`. */
export interface Remnant {
  readonly block: Block
  readonly repetition: Repetition
  /** `prevent_destroy = true`, where the block says so. */
  readonly preventDestroy: SourceRange | undefined
}
