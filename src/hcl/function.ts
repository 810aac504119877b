import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import type { Report } from '../diagnostics/report.ts'
import type { CallExpression, Expression } from './ast.ts'
import type { Scope } from './scope.ts'
import type { Type } from './type.ts'
import type { Value } from './value.ts'

/**
 * One function of the language. The evaluator checks the number of arguments, converts each to its parameter's type,
 * answers with an unknown value when an argument is unknown, takes marks off before the call and puts them on the result.
 */
export interface FunctionDefinition {
  readonly kind: 'function'
  readonly name: string
  /** One sentence, for docs and the console. */
  readonly summary: string
  readonly parameters: readonly Parameter[]
  /** Takes all further arguments. */
  readonly variadic?: Parameter
  /** `pure`: also when a flow runs (DET-3). `plan`: reads the world, folded at plan time or refused. */
  readonly purity: 'pure' | 'plan'
  /**
   * The type of the result for these arguments, some of them unknown. May throw FunctionError, so that a wrong
   * argument is found at plan time.
   */
  returns(parameters: readonly Value[]): Type
  /** @throws FunctionError; anything else thrown is our bug. */
  call(parameters: readonly Value[], context: EvaluationContext): Value
}

export interface Parameter {
  readonly name: string
  /** The argument is converted to this type; `any` takes it as it is. */
  readonly type: Type
  /** A null argument is passed on; otherwise it is an error. */
  readonly nullable?: boolean
  /** An unknown argument, or one that holds something unknown, is passed on. */
  readonly unknown?: boolean
  /** The argument keeps its marks, and the result gets only those that the function gives it (`sensitive`, `issensitive`). */
  readonly marked?: boolean
}

/** A form: sees its arguments unevaluated (`try`, `can`, `template`, `secret`). */
export interface FormDefinition {
  readonly kind: 'form'
  readonly name: string
  readonly summary: string
  readonly purity: 'pure' | 'plan'
  evaluate(call: CallExpression, context: EvaluationContext): Value
  /**
   * What stands for the call when it is kept for a run: `template(path)` gives the template of the file. Absent, or
   * undefined, when the call itself is kept.
   */
  expand?(call: CallExpression, context: EvaluationContext): Expression | undefined
}

/** A function's refusal: becomes `hcl/function-failed` at the call, or at the argument. */
export class FunctionError extends Error {
  /** Index of the argument at fault. */
  readonly argument: number | undefined
  /** For a failure that users know by a name of its own: `config/no-such-file`. */
  readonly named: { readonly code: DiagnosticCode; readonly summary: string } | undefined

  /** @param message a sentence without the function's name: `cannot parse "x" as a number`. */
  constructor(message: string, argument?: number, named?: { readonly code: DiagnosticCode; readonly summary: string }) {
    super(message)
    this.name = 'FunctionError'
    this.argument = argument
    this.named = named
  }
}

export type FunctionTable = ReadonlyMap<string, FunctionDefinition | FormDefinition>

/** All that an evaluation may touch. */
export interface EvaluationContext {
  readonly scope: Scope
  readonly functions: FunctionTable
  readonly report: Report
  /** Shared by everything that one evaluation does: each node costs one step, so no expression runs for ever. */
  readonly budget: StepBudget
  /** The element of the splat being evaluated. */
  readonly anonymous?: Value
  /** A condition may keep this expression from being reached: only what is wrong whatever the values are is reported. */
  readonly guarded?: boolean
  /**
   * Where a condition is known only later: deferred names that it has shown not to be null, as `nameOf` writes them.
   * Absent in an arm that is known not to be taken.
   */
  readonly proven?: ReadonlySet<string> | undefined
  /** Inside of `try` and `can`: a deferred value that may be null is no error, since a failure has its answer. */
  readonly mayFail?: boolean
  /** Where functions that read files look; absent where they may not (when a flow runs). */
  readonly files?: FileAccess
  /** What is done to each text that this template inserts, and no other inside of it: the parts of a URL are percent-encoded. */
  readonly encoding?: { readonly template: Expression; readonly encode: (text: string) => string }
}

export interface StepBudget {
  remaining: number
}

/** Steps for one argument's expression. A plan of 5,000 prompts needs under 200 for each. */
export const EXPRESSION_STEPS = 1_000_000

/** The files of the project, and nothing outside: paths are resolved and links followed before the check. */
export interface FileAccess {
  /** @throws FunctionError when it is absent, unreadable, too large, or outside of the project. */
  readText(path: string): string
  readBytes(path: string): Uint8Array
  exists(path: string): boolean
  /** The path as messages show it: relative to the project, with forward slashes. */
  nameOf(path: string): string
  /** Paths under `directory` that match the glob, relative to it, in code point order. */
  glob(directory: string, pattern: string): readonly string[]
}
