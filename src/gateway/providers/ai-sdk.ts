import type { EmbeddingModelV4, LanguageModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'
import type { ProviderSpec } from '../../artifact/provider.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Answer, EmbeddingAnswer, EmbeddingCall, ModelCall, ProviderTarget, Usage } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import type { NetworkPolicy } from '../http.ts'
import type { Redactor } from '../redactor.ts'
import { generated, streamed } from './ai-sdk-answer.ts'
import { embedded } from './ai-sdk-embedding.ts'
import { sdkDetails } from './ai-sdk-failure.ts'
import { requestOf } from './ai-sdk-request.ts'
import { type Attempting, withCredentials } from './attempt.ts'
import { checkedAnswer } from './checked-answer.ts'
import type { Credentials } from './credentials.ts'
import type { ModelProvider, ProviderDependencies, RequestSigner, VendorApi } from './definition.ts'
import { requiredEndpoint } from './endpoint.ts'
import { excerpt } from './excerpt.ts'
import { withFetchedFiles } from './fetched-files.ts'
import { merged } from './provider-options.ts'

/** A vendor whose vectors are made by its AI SDK package. */
export interface SdkEmbeddingVendor extends VendorApi {
  /** Loads the package: 60 to 100 ms, paid by the first call. */
  load(): Promise<Pick<SdkModels, 'embedding'>>
  /** How long vectors shall be and what they are for, in the vendor's words. */
  readonly embeddingOptions?: (model: ModelSpec, purpose: EmbeddingCall['purpose']) => SharedV4ProviderOptions
}

/** What differs between vendors whose AI SDK package is used at the level of its models. */
export interface AiSdkVendor extends SdkEmbeddingVendor {
  load(): Promise<SdkModels>
  /** What an answer that comes in pieces is called; absent: server-sent events. */
  readonly streamType?: string
  /** Keeps what the package made within the limit of output tokens, thoughts included. */
  readonly bound?: (body: JsonObject, limit: number) => JsonObject
}

export interface SdkModels {
  chat(settings: ModelSettings): LanguageModelV4
  /** Absent: the vendor has no embeddings. */
  embedding?(settings: ModelSettings): EmbeddingModelV4
}

export interface ModelSettings {
  readonly baseURL: string
  readonly model: ModelSpec
  readonly provider: ProviderSpec
  readonly fetch: typeof globalThis.fetch
}

/** The SDK wants a key when it is made; ours goes into the headers of each call, so that a rotated one is seen. */
export const KEY_IN_HEADERS = 'flowrun-sends-the-key-in-headers'

/** What of a vendor changes its requests. */
type SentBy = VendorApi & Partial<Pick<AiSdkVendor, 'streamType' | 'bound'>>

/** A call of either kind. */
type AnyCall = Pick<ModelCall, 'target' | 'signal'> & Partial<Pick<ModelCall, 'params' | 'onEvent'>>

export function connectAiSdk(vendor: AiSdkVendor, target: ProviderTarget, dependencies: ProviderDependencies): ModelProvider {
  let loaded: Promise<SdkModels> | undefined
  const load = () => (loaded ??= vendor.load())
  const { attempting, settingsOf } = connectionOf(vendor, target, dependencies)
  return {
    ...connectSdkEmbedding({ ...vendor, load }, target, dependencies),
    answer: call =>
      withCredentials(attempting, call, async credentials => {
        const model = (await load()).chat(settingsOf(call, credentials))
        return answered(model, await withFetchedFiles(call, model.supportedUrls, dependencies.http, policyOf(target)), credentials)
      }),
  }
}

export function connectSdkEmbedding(
  vendor: SdkEmbeddingVendor,
  target: ProviderTarget,
  dependencies: ProviderDependencies,
): Pick<ModelProvider, 'embed'> {
  let loaded: ReturnType<SdkEmbeddingVendor['load']> | undefined
  const { attempting, settingsOf } = connectionOf(vendor, target, dependencies)
  return {
    async embed(call) {
      let spent: Usage | null = null
      try {
        return await withCredentials(attempting, call, async (credentials): Promise<EmbeddingAnswer> => {
          loaded ??= vendor.load()
          const { embedding } = await loaded
          if (embedding === undefined) throw withoutEmbeddings(target)
          const providerOptions = vendor.embeddingOptions?.(call.target.spec, call.purpose) ?? {}
          return embedded(embedding(settingsOf(call, credentials)), call, { headers: given(credentials), providerOptions }, usage => {
            spent = usage
          })
        })
      } catch (error) {
        throw error instanceof CallFailure && spent !== null ? extendFailure(error, { usage: spent }) : error
      }
    },
  }
}

/** What calls of either kind need of the connection. */
function connectionOf(vendor: SentBy, target: ProviderTarget, dependencies: ProviderDependencies) {
  const attempting: Attempting = { api: vendor, target, dependencies, read: sdkDetails }
  const sign = vendor.signer?.(target.spec, dependencies.redactor)
  const settingsOf = (call: AnyCall, credentials: Credentials): ModelSettings => ({
    baseURL: requiredEndpoint(vendor, target),
    model: call.target.spec,
    provider: target.spec,
    fetch: fetchFor(vendor, call, credentials, target, { ...dependencies, sign }),
  })
  return { attempting, settingsOf }
}

async function answered(model: LanguageModelV4, call: ModelCall, { headers }: Credentials): Promise<Answer> {
  const options = { ...requestOf(call), headers }
  const answer = await (call.onEvent ? streamed(model, options, call) : generated(model, options, call))
  return checkedAnswer(answer, call)
}

function given({ headers }: Credentials): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function withoutEmbeddings({ spec }: ProviderTarget): CallFailure {
  return new CallFailure({ class: 'bad_request', message: `a provider of type "${spec.type}" has no embeddings` })
}

function policyOf({ spec }: Pick<ProviderTarget, 'spec'>): NetworkPolicy {
  return { connectTimeoutMs: spec.connect_timeout_ms, allowPrivate: spec.allow_private }
}

function fetchFor(
  vendor: SentBy,
  call: AnyCall,
  credentials: Credentials,
  { spec }: ProviderTarget,
  { http, redactor, sign }: Pick<ProviderDependencies, 'http' | 'redactor'> & { readonly sign: RequestSigner | undefined },
): typeof globalThis.fetch {
  const policy = policyOf({ spec })
  const { name: keyHeader } = vendor.keyHeader
  return async (input, init) => {
    const key = credentials.headers[keyHeader]
    const own = [...new Headers(init?.headers)].filter(([name, value]) => name !== keyHeader && !value.includes(KEY_IN_HEADERS))
    const headers = { ...Object.fromEntries(own), ...(key !== undefined && { [keyHeader]: key }) }
    const body = typeof init?.body === 'string' ? bodyOf(init.body, vendor, call) : undefined
    const request = { url: String(input), method: init?.method ?? 'GET', headers, ...(body !== undefined && { body }) }
    const signed = sign === undefined || key !== undefined ? request : { ...request, headers: { ...headers, ...(await sign(request)) } }
    const response = await http.send({ ...signed, signal: call.signal, policy })
    if (call.onEvent && response.ok) await expectStream(response, vendor.streamType ?? 'text/event-stream', redactor)
    return response
  }
}

/** Bounded, and with `provider_options`, the vendor's own words, which go in as they are, beside what we set. */
function bodyOf(text: string, { bound }: SentBy, { target, params }: AnyCall): string {
  const options = target.spec.provider_options ?? {}
  const limit = params?.max_output_tokens ?? target.spec.limits.max_output_tokens
  const mustBound = bound !== undefined && limit !== undefined && params?.reasoning_effort !== undefined
  if (!mustBound && Object.keys(options).length === 0) return text
  const sent: unknown = JSON.parse(text)
  if (!isJsonObject(sent)) return text
  return JSON.stringify(merged(options, mustBound ? bound(sent, limit) : sent))
}

async function expectStream(response: Response, expected: string, { redact }: Redactor): Promise<void> {
  const type = response.headers.get('content-type') ?? 'no content type'
  if (type.startsWith(expected)) return
  throw new CallFailure({
    class: 'invalid_response',
    status: response.status,
    message: `answered with ${type}, expected ${expected}: ${excerpt(redact(await response.text()))}`,
  })
}
