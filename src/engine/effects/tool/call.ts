import type { ToolSpec } from '../../../artifact/tool.ts'
import type { Clock } from '../../../base/clock.ts'
import type { JsonObject, JsonValue } from '../../../base/json.ts'
import type { Gateway } from '../../../gateway/gateway.ts'
import type { Http } from '../../../gateway/http.ts'
import type { Redactor } from '../../../gateway/redactor.ts'
import type { SecretResolver } from '../../../gateway/secrets.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { Value } from '../../../hcl/value.ts'
import type { DeferredLanguage } from '../../deferred.ts'
import type { BudgetReader } from '../../prompt/budgets.ts'
import type { SchemaValidator } from '../../schema-validator.ts'

export interface ToolDependencies {
  readonly gateway: Gateway
  readonly http: Http
  readonly secrets: SecretResolver
  readonly redactor: Redactor
  readonly language: DeferredLanguage
  readonly validator: () => Promise<SchemaValidator>
  readonly clock: Clock
  readonly timers: Timers
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Of the process: what a command sees of it is a short list. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** False on servers: no tool starts a process. */
  readonly mayStartProcesses: boolean
  /** For judges of results; absent: budgets are those of the closure. */
  readonly budgets?: BudgetReader
}

/** One attempt of a tool. */
export interface ToolCall {
  /** `tool.refund` */
  readonly address: string
  readonly spec: ToolSpec
  /** Checked, with what the tool binds. */
  readonly input: { readonly json: JsonObject; readonly value: Value }
  /** The same for every attempt, in every process. */
  readonly effectKey: string
  /** Aborted also when the time of the attempt is over. */
  readonly signal: AbortSignal
  /** Called right before the other side can know of it: from then on a call without an answer may have been done. */
  readonly began: () => void
}

export interface ToolAnswer {
  readonly output: JsonValue
  readonly bytes: number
  /** Of HTTP. */
  readonly statusCode?: number
}

/** Does a call. @throws ToolFailure; MissingSecret; OperationError of an expression. */
export type ToolWay = (call: ToolCall, dependencies: ToolDependencies) => Promise<ToolAnswer>
