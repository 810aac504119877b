import type { Deferred } from '../../artifact/deferred.ts'
import type { ProviderType } from '../../artifact/provider.ts'
import type { Clock } from '../../base/clock.ts'
import type { JsonValue } from '../../base/json.ts'
import type { Answer, ModelCall, ProviderTarget } from '../call.ts'
import type { Http } from '../http.ts'
import type { Redactor } from '../redactor.ts'
import type { SecretResolver } from '../secrets.ts'
import type { Timers } from '../timers.ts'
import type { KeyRule } from './credentials.ts'

/** One type of provider: how models of one vendor, or of one protocol, are called. */
export interface ProviderDefinition {
  readonly name: ProviderType
  /** One sentence, for docs. */
  readonly summary: string
  readonly stability: 'stable' | 'experimental'
  /** How it is reached over HTTP; absent where nothing is called. */
  readonly api?: VendorApi
  connect(target: ProviderTarget, dependencies: ProviderDependencies): ModelProvider
}

/** The HTTP interface of a vendor, as far as all have it. */
export interface VendorApi extends KeyRule {
  /** Where it is unless the provider says otherwise. */
  readonly baseUrl?: string
  /** Headers that the list of models needs beyond those of a call; the SDK adds its own to a call. */
  readonly listHeaders?: Readonly<Record<string, string>>
}

/** A provider that can be called. Nothing is loaded, resolved or contacted before the first call. */
export interface ModelProvider {
  /**
   * Makes one attempt. With `call.onEvent` the answer is streamed to it.
   *
   * @throws CallFailure; MissingSecret.
   */
  answer(call: ModelCall): Promise<Answer>
}

export interface ProviderDependencies {
  readonly http: Http
  readonly secrets: SecretResolver
  readonly redactor: Redactor
  readonly clock: Clock
  readonly timers: Timers
  /** Evaluates what is known only now, with these names in scope. Of the engine: the gateway does not know the language. */
  readonly evaluate: DeferredEvaluator
}

export type DeferredEvaluator = (deferred: Deferred, names: Readonly<Record<string, JsonValue>>) => JsonValue
