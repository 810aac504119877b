import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import type { Scope } from '../../hcl/scope.ts'
import type { Value } from '../../hcl/value.ts'
import type { Declarations } from '../declared.ts'
import type { BlockSite } from '../decode/site.ts'
import type { CompileHost } from '../host.ts'
import type { Instances } from '../instance-registry.ts'
import type { Repetition } from '../instances.ts'
import type { VariableValues } from '../names.ts'
import type { ParsedConfiguration } from '../parsed.ts'
import type { Trail } from '../trail.ts'

/** What all module instances of one loading share. */
export interface Loading {
  /** Absolute: the folder of the project. */
  readonly root: string
  readonly project: string
  readonly environment: string
  readonly host: CompileHost
  readonly trail: Trail
  readonly report: Report
  /** What was asked for while values were made, `var.tier` and `local.topics`, by all instances of these files. */
  usesOf(parsed: ParsedConfiguration): Set<string>
  /** Counts one more instance of a module. */
  countInstance(): number
}

/** One instance of a module, with names of its own; the root is one as well. */
export interface ModuleInstance {
  /** `module.kb["de"]`; undefined for the root. */
  readonly path: string | undefined
  readonly parsed: ParsedConfiguration
  readonly declarations: Declarations
  readonly locals: ReadonlyMap<string, Expression>
  readonly names: Scope
  readonly instances: Instances
  readonly calls: ModuleCalls
  /** Who called it; undefined for the root. */
  readonly caller: ModuleCaller | undefined
  /** Where blocks of it are decoded. */
  site(block: Block, where: string, scope?: Scope, report?: Report): BlockSite
  /** The value of one of its outputs; undefined when it has no such output. */
  output(name: string, askedAt: SourceRange): Value | undefined
}

export interface ModuleCaller {
  readonly instance: ModuleInstance
  /** The `module` block. */
  readonly block: Block
  readonly arguments: ModuleArguments
  /** Addresses in its `depends_on`. */
  readonly dependsOn: readonly string[]
}

/** The values of a module's variables, as its caller gives them. */
export interface ModuleArguments extends VariableValues {
  /** Works out all of them, so that their errors are told, and checks their validations with the names of the module. */
  check(instance: ModuleInstance): void
}

/** The modules that one instance calls. */
export interface ModuleCalls {
  /** All instances, in source order of the calls. */
  all(): readonly ModuleInstance[]
  /** Of one `module` block. */
  of(block: Block): readonly ModuleInstance[]
  repetitionOf(block: Block): Repetition
  readonly resolve: Scope['resolve']
}
