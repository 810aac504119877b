import type { Closure } from '../../artifact/closure.ts'
import type { Deferred, DeferredText } from '../../artifact/deferred.ts'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { NodeArguments, NodeSpec, NodeType } from '../../artifact/workflow.ts'
import type { JsonValue } from '../../base/json.ts'
import type { DiagnosticCode } from '../../diagnostics/codes/index.ts'
import type { Value } from '../../hcl/value.ts'
import type { Names } from '../deferred.ts'
import type { Violation } from '../schema-validator.ts'
import type { Command, StepError, StepOutcome, StepPath } from './command.ts'
import type { RunFacts } from './interpretation.ts'

/** What one type of node does, as far as the interpreter is concerned: pure, and without state between calls. */
export interface NodeBehaviour<Type extends NodeType> {
  /** Exits that fail the run when no node is on them (blocks.md 4.1), besides `error`, and with which code. */
  readonly exceptionalExits?: ReadonlyMap<string, DiagnosticCode>
  /** Called once, when the node runs. @throws NodeFailure; OperationError of an expression. */
  begin(given: NodeArguments[Type], context: NodeContext): Beginning
  /** What the recorded outcome of its step means; absent: what it says. Throws as `begin` does. */
  end?(outcome: Succeeded, given: NodeArguments[Type], context: NodeContext): StepOutcome
  /** Of its `output`; absent: as its JSON says. */
  outputType?(given: NodeArguments[Type], closure: Closure): JsonSchema | undefined
  /** By which exit it leaves with the default value of `on_error`; absent: `done`. */
  defaultExit?(given: NodeArguments[Type]): string
}

export type Succeeded = Extract<StepOutcome, { readonly status: 'succeeded' }>

/** What a node starts with: what it asks of the engine, bodies to run, or nothing, because it is through. */
export type Beginning =
  | { readonly kind: 'asked'; readonly command: AskedCommand }
  | { readonly kind: 'bodies'; readonly bodies: Bodies }
  | { readonly kind: 'through'; readonly outcome: StepOutcome }

/** A command that has an answer, before it has a place in a run. */
export type AskedCommand = Unplaced<Exclude<Command, { readonly type: 'abort' }>>
type Unplaced<C> = C extends unknown ? Omit<C, 'path' | 'node'> : never

export interface NodeContext {
  readonly node: NodeSpec
  readonly facts: RunFacts
  readonly closure: Closure
  /** When the node became ready. */
  readonly nowMs: number
  /** @param names hide those around the node. */
  evaluate(deferred: Deferred, names?: Names): JsonValue
  text(deferred: DeferredText): string
  digest(text: string): string
  violations(schema: JsonSchema, value: JsonValue): readonly Violation[]
}

/** The runs of a body, one by one as there is room: what keeps memory bounded by concurrency, not by their number (STEP-9). */
export interface Bodies {
  readonly concurrency: number
  /** The body to start now; undefined while there is none. */
  next(): BodyStart | undefined
  /** @param evaluate in the scope of the body that is through. */
  completed(start: BodyStart, evaluate: (deferred: Deferred) => JsonValue): void
  /** @returns whether the others go on; else the node fails with this failure. */
  failed(start: BodyStart, failure: Failure): boolean
  /** Asked once nothing runs and nothing is left to start. */
  outcome(): StepOutcome
}

export interface BodyStart {
  /** Orders the bodies of a node. */
  readonly index: number
  /** In paths, after the node's name: `[17]`, `["a"]`. */
  readonly step: string
  readonly names: Readonly<Record<string, Value>>
}

/** An error and the step that it comes from. */
export interface Failure {
  readonly error: StepError
  readonly path: StepPath
  readonly node: string
}

/** What is wrong with the values that a node was given. */
export class NodeFailure extends Error {
  readonly code: DiagnosticCode

  constructor(code: DiagnosticCode, message: string) {
    super(message)
    this.name = 'NodeFailure'
    this.code = code
  }
}

/** What a value is, for messages: what it holds may be private, or long. */
export function kindText(value: JsonValue): string {
  if (value === null) return 'null'
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'a number' : 'a bool'
}

export function through(exit: string, attributes: Succeeded['attributes']): Beginning {
  return { kind: 'through', outcome: { status: 'succeeded', exit, attributes } }
}

export function defineNode<Type extends NodeType>(behaviour: NodeBehaviour<Type>): NodeBehaviour<Type> {
  return Object.freeze(behaviour)
}
