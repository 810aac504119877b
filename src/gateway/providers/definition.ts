import type { Deferred } from '../../artifact/deferred.ts'
import type { ProviderSpec, ProviderType } from '../../artifact/provider.ts'
import type { Clock } from '../../base/clock.ts'
import type { JsonValue } from '../../base/json.ts'
import type { Answer, EmbeddingAnswer, EmbeddingCall, ModelCall, ProviderTarget } from '../call.ts'
import type { Http, HttpRequest } from '../http.ts'
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
  /** Where its requests go, without a slash at the end; undefined where only the provider can say it, and has not. */
  endpoint(spec: ProviderSpec): string | undefined
  /** Where it lists its models, for nothing; absent: at `/models` of the endpoint. */
  listUrl?(spec: ProviderSpec): string | undefined
  /** Headers that the list of models needs beyond those of a call; the SDK adds its own to a call. */
  readonly listHeaders?: Readonly<Record<string, string>>
  /** How a request proves who sends it where there is no key. */
  readonly signer?: (spec: ProviderSpec, redactor: Redactor) => RequestSigner
}

/** @returns headers that go with the request, as it is: whatever changes it later breaks them. @throws MissingSecret */
export type RequestSigner = (request: Pick<HttpRequest, 'url' | 'method' | 'headers' | 'body'>) => Promise<Readonly<Record<string, string>>>

/** A provider that can be called. Nothing is loaded, resolved or contacted before the first call. */
export interface ModelProvider {
  /**
   * Makes one attempt. With `call.onEvent` the answer is streamed to it.
   *
   * @throws CallFailure; MissingSecret.
   */
  answer(call: ModelCall): Promise<Answer>
  /**
   * Turns texts into vectors, in as many requests as the vendor's limits need, one after the other.
   *
   * @throws CallFailure `bad_request` where the vendor has no embeddings, `usage` being that of the requests before; MissingSecret.
   */
  embed(call: EmbeddingCall): Promise<EmbeddingAnswer>
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
