import type { EmbeddingModelV4, LanguageModelV4, SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'
import type { ProviderSpec } from '../../artifact/provider.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Answer, EmbeddingAnswer, EmbeddingCall, ModelCall, ProviderTarget, Usage } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import type { NetworkPolicy } from '../http.ts'
import { isObjectSchema, unwrapAnswer } from '../output-schema.ts'
import type { Redactor } from '../redactor.ts'
import { checked, generated, streamed } from './ai-sdk-answer.ts'
import { embedded } from './ai-sdk-embedding.ts'
import { excerpt, failureOf } from './ai-sdk-failure.ts'
import { withFetchedFiles } from './ai-sdk-files.ts'
import { outputModeOf, requestOf } from './ai-sdk-request.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import type { ModelProvider, ProviderDependencies, RequestSigner, VendorApi } from './definition.ts'
import { requiredEndpoint } from './endpoint.ts'

/** What differs between vendors whose AI SDK package is used at the level of its models. */
export interface AiSdkVendor extends VendorApi {
  /** Loads the package: 60 to 100 ms, paid by the first call. */
  load(): Promise<SdkModels>
  /** What an answer that comes in pieces is called; absent: server-sent events. */
  readonly streamType?: string
  /** Keeps what the package made within the limit of output tokens, thoughts included. */
  readonly bound?: (body: JsonObject, limit: number) => JsonObject
  /** How long vectors shall be and what they are for, in the vendor's words. */
  readonly embeddingOptions?: (model: ModelSpec, purpose: EmbeddingCall['purpose']) => SharedV4ProviderOptions
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

/** A call of either kind. */
type AnyCall = Pick<ModelCall, 'target' | 'signal'> & Partial<Pick<ModelCall, 'params' | 'onEvent'>>

export function connectAiSdk(vendor: AiSdkVendor, target: ProviderTarget, dependencies: ProviderDependencies): ModelProvider {
  let loaded: Promise<SdkModels> | undefined
  const sign = vendor.signer?.(target.spec, dependencies.redactor)
  const models = () => (loaded ??= vendor.load())
  const settingsOf = (call: AnyCall, credentials: Credentials): ModelSettings => ({
    baseURL: requiredEndpoint(vendor, target),
    model: call.target.spec,
    provider: target.spec,
    fetch: fetchFor(vendor, call, credentials, target, { ...dependencies, sign }),
  })
  return {
    answer: call =>
      withCredentials(vendor, target, dependencies, call, async credentials => {
        const model = (await models()).chat(settingsOf(call, credentials))
        return answered(model, await withFetchedFiles(call, model, dependencies.http, policyOf(target)), credentials)
      }),
    async embed(call) {
      let spent: Usage | null = null
      try {
        return await withCredentials(vendor, target, dependencies, call, async (credentials): Promise<EmbeddingAnswer> => {
          const { embedding } = await models()
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

async function answered(model: LanguageModelV4, call: ModelCall, { headers }: Credentials): Promise<Answer> {
  const options = { ...requestOf(call), headers }
  const answer = await (call.onEvent ? streamed(model, options, call) : generated(model, options, call))
  return checked(
    call.output && outputModeOf(call) !== 'instructions' && !isObjectSchema(call.output)
      ? { ...answer, text: unwrapAnswer(answer.text) }
      : answer,
  )
}

function given({ headers }: Credentials): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function withoutEmbeddings({ spec }: ProviderTarget): CallFailure {
  return new CallFailure({ class: 'bad_request', message: `a provider of type "${spec.type}" has no embeddings` })
}

/** Every failure is one of ours and knows which key was sent; a refused key that was changed meanwhile is tried once. */
async function withCredentials<T>(
  vendor: AiSdkVendor,
  target: ProviderTarget,
  dependencies: ProviderDependencies,
  call: AnyCall,
  attempt: (credentials: Credentials) => Promise<T>,
): Promise<T> {
  const attemptOrFail = (credentials: Credentials): Promise<T> =>
    attempt(credentials).catch(async (error: unknown) => {
      const failure = await failureOf(error, call, dependencies)
      throw failure instanceof CallFailure && isRefusedKey(failure) && credentials.key
        ? extendFailure(failure, { key: credentials.key })
        : failure
    })
  const credentials = await credentialsOf(vendor, target, dependencies.secrets)
  try {
    return await attemptOrFail(credentials)
  } catch (error) {
    const rotated =
      error instanceof CallFailure && isRefusedKey(error) ? await rotatedCredentials(vendor, target, dependencies, credentials) : undefined
    if (rotated === undefined) throw error
    return attemptOrFail(rotated)
  }
}

function isRefusedKey({ details }: CallFailure): boolean {
  return details.class === 'unauthorized' || details.class === 'forbidden'
}

/** A refused key is looked up again, and one that has changed is tried once (SEC-1). */
async function rotatedCredentials(
  vendor: AiSdkVendor,
  target: ProviderTarget,
  { secrets }: ProviderDependencies,
  refused: Credentials,
): Promise<Credentials | undefined> {
  if (refused.key === undefined) return undefined
  secrets.forget(refused.key.name)
  const current = await credentialsOf(vendor, target, secrets)
  return JSON.stringify(current.headers) === JSON.stringify(refused.headers) ? undefined : current
}

function policyOf({ spec }: Pick<ProviderTarget, 'spec'>): NetworkPolicy {
  return { connectTimeoutMs: spec.connect_timeout_ms, allowPrivate: spec.allow_private }
}

function fetchFor(
  vendor: AiSdkVendor,
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
function bodyOf(text: string, { bound }: AiSdkVendor, { target, params }: AnyCall): string {
  const options = target.spec.provider_options ?? {}
  const limit = params?.max_output_tokens ?? target.spec.limits.max_output_tokens
  const mustBound = bound !== undefined && limit !== undefined && params?.reasoning_effort !== undefined
  if (!mustBound && Object.keys(options).length === 0) return text
  const sent: unknown = JSON.parse(text)
  if (!isJsonObject(sent)) return text
  return JSON.stringify(merged(options, mustBound ? bound(sent, limit) : sent))
}

/** What both have as an object is merged; of anything else the second counts. */
function merged(first: JsonObject, second: JsonObject): JsonObject {
  const result = { ...first, ...second }
  for (const [name, value] of Object.entries(second)) {
    const other = Object.hasOwn(first, name) ? first[name] : undefined
    if (isJsonObject(other) && isJsonObject(value)) result[name] = merged(other, value)
  }
  return result
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
