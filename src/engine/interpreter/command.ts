import type { NodeType } from '../../artifact/workflow.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'

/** Where a step is: `answer`, `pages[17].extract`, `polish[2].review`. Made of the graph and of records, of nothing else. */
export type StepPath = string

/**
 * What the interpreter asks of an engine, as data: it can cross processes, and be asked again after a crash. The answer
 * is a `StepOutcome` for its path, recorded before the interpreter is told of it.
 */
export type Command =
  | EffectCommand
  | {
      readonly type: 'timer'
      readonly path: StepPath
      readonly node: string
      readonly dueMs: number
      /** The instant itself is meant, by the clock on the wall; else the time from now on, which no jump of a clock changes (TIME-1). */
      readonly until?: true
    }
  | {
      readonly type: 'signal'
      readonly path: StepPath
      readonly node: string
      readonly name: string
      /** After this the wait is over: wall time. */
      readonly timeoutAtMs: number
    }
  /** Once its time is over it is settled with the exit `expired`, as a signal is; the interpreter knows `on_timeout`. */
  | ApprovalCommand
  | {
      readonly type: 'child'
      readonly path: StepPath
      readonly node: string
      /** A flow of the closure: `workflow.lookup`. */
      readonly flow: string
      readonly input: JsonValue
      readonly detach: boolean
      /** Absent: as long as the flow itself allows. */
      readonly timeoutMs?: number
      readonly cache?: StepCachePolicy
    }
  /**
   * Branches that are not needed any more. These paths are stopped, and need no record. Steps that run `once` are never
   * among them: they go on, are settled as always, and awaited.
   */
  | { readonly type: 'abort'; readonly paths: readonly StepPath[] }

/** Work outside: a call of a model, a tool, a guard. */
export interface EffectCommand {
  readonly type: 'effect'
  readonly path: StepPath
  readonly node: string
  readonly nodeType: NodeType
  /** Arguments of the node, evaluated; references as they are in the artifact. */
  readonly arguments: JsonObject
  readonly replay: 'safe' | 'idempotent' | 'once'
  /** Of all attempts together. */
  readonly timeoutMs?: number
  /** From 1; above it, the attempts of a durable retry. */
  readonly attempt: number
  readonly cache?: StepCachePolicy
}

/** An equal step of a former run may be taken for this one, and this one for later ones. Absent: it is executed. */
export interface StepCachePolicy {
  readonly ttlMs: number
  readonly scope: 'tenant' | 'environment'
}

export interface ApprovalCommand {
  readonly type: 'approval'
  readonly path: StepPath
  readonly node: string
  readonly title: string
  readonly body: string
  /** SHA-256 of what is shown: a decision is bound to it (APPR-1). */
  readonly bodyDigest: string
  readonly actions: readonly { readonly name: string; readonly label?: string; readonly requireComment: boolean }[]
  readonly fields: JsonObject
  readonly assignees: readonly string[]
  readonly quorum: number
  readonly separation: boolean
  readonly timeoutAtMs: number
}

/** How a step ended: final, recorded once (STEP-1). */
export type StepOutcome =
  | { readonly status: 'succeeded'; readonly exit: string; readonly attributes: JsonObject }
  | { readonly status: 'failed'; readonly error: StepError }
  /** A `once` effect was interrupted: nobody knows (STEP-5). */
  | { readonly status: 'unknown' }

export interface StepError {
  /** `provider/timeout`, `guard/blocked` */
  readonly code: string
  readonly message: string
  readonly retryable: boolean
}

/** How a run ended. */
export type RunOutcome =
  | { readonly state: 'succeeded'; readonly output: JsonValue }
  | { readonly state: 'failed'; readonly error: StepError & { readonly path?: StepPath } }
