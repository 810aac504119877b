import type { LanguageModelV4, LanguageModelV4FinishReason, LanguageModelV4Usage, SharedV4Warning } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'
import type { Answer, FinishReason, ModelCall, ProviderTarget, ToolCall, Usage } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import { isObjectSchema, unwrapAnswer } from '../output-schema.ts'
import { excerpt, failureOf, requestIdOf } from './ai-sdk-failure.ts'
import { outputModeOf, requestOf } from './ai-sdk-request.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import type { ModelProvider, ProviderDependencies, VendorApi } from './definition.ts'

/** What differs between vendors whose AI SDK package is used at its LanguageModelV4 level. */
export interface AiSdkVendor extends VendorApi {
  /** Loads the package: 60 to 100 ms, paid by the first call. */
  load(): Promise<ModelFactory>
}

export type ModelFactory = (settings: ModelSettings) => LanguageModelV4

export interface ModelSettings {
  readonly baseURL: string
  readonly spec: ModelSpec
  readonly fetch: typeof globalThis.fetch
}

/** The SDK wants a key when it is made; ours goes into the headers of each call, so that a rotated one is seen. */
export const KEY_IN_HEADERS = 'in-headers'

export function connectAiSdk(vendor: AiSdkVendor, target: ProviderTarget, dependencies: ProviderDependencies): ModelProvider {
  let factory: Promise<ModelFactory> | undefined
  const attempt = async (call: ModelCall, credentials: Credentials): Promise<Answer> => {
    factory ??= vendor.load()
    const model = (await factory)({
      baseURL: baseUrlOf(vendor, target),
      spec: call.target.spec,
      fetch: fetchFor(call, target, dependencies),
    })
    const options = { ...requestOf(call), headers: credentials.headers }
    const answer = await (call.onEvent ? streamed(model, options, call) : generated(model, options))
    return checked(
      call.output && outputModeOf(call) !== 'instructions' && !isObjectSchema(call.output)
        ? { ...answer, text: unwrapAnswer(answer.text) }
        : answer,
    )
  }
  /** Every failure as one of ours, knowing which key was sent. */
  const attemptOrFail = (call: ModelCall, credentials: Credentials): Promise<Answer> =>
    attempt(call, credentials).catch(async (error: unknown) => {
      const failure = await failureOf(error, call, dependencies)
      throw failure instanceof CallFailure && isRefusedKey(failure) && credentials.key
        ? extendFailure(failure, { key: credentials.key })
        : failure
    })
  return {
    async answer(call) {
      const credentials = await credentialsOf(vendor, target, dependencies.secrets)
      try {
        return await attemptOrFail(call, credentials)
      } catch (error) {
        const rotated =
          error instanceof CallFailure && isRefusedKey(error)
            ? await rotatedCredentials(vendor, target, dependencies, credentials)
            : undefined
        if (rotated === undefined) throw error
        return attemptOrFail(call, rotated)
      }
    },
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

/** Without a slash at its end. @throws CallFailure when there is none. */
export function baseUrlOf(vendor: VendorApi, { spec, address }: ProviderTarget): string {
  const url = spec.base_url ?? vendor.baseUrl
  if (url === undefined) throw new CallFailure({ class: 'bad_request', message: `${address} has no base_url` })
  return url.replace(/\/+$/, '')
}

function fetchFor(call: ModelCall, { spec }: ProviderTarget, { http }: ProviderDependencies): typeof globalThis.fetch {
  const policy = { connectTimeoutMs: spec.connect_timeout_ms, allowPrivate: spec.allow_private }
  return async (url, init) => {
    const body = typeof init?.body === 'string' ? withProviderOptions(init.body, call) : undefined
    const response = await http.send({
      url: String(url),
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init?.headers)),
      ...(body !== undefined && { body }),
      signal: call.signal,
      policy,
    })
    if (call.onEvent && response.ok) await expectEventStream(response)
    return response
  }
}

/** `provider_options` are the vendor's own words: they go into the body as they are, beside what we set. */
function withProviderOptions(body: string, { target }: ModelCall): string {
  const options = target.spec.provider_options
  return options === undefined || Object.keys(options).length === 0 ? body : JSON.stringify({ ...options, ...JSON.parse(body) })
}

async function expectEventStream(response: Response): Promise<void> {
  const type = response.headers.get('content-type') ?? 'no content type'
  if (type.startsWith('text/event-stream')) return
  throw new CallFailure({
    class: 'invalid_response',
    status: response.status,
    message: `answered with ${type}, expected text/event-stream: ${excerpt(await response.text())}`,
  })
}

type CallOptions = Parameters<LanguageModelV4['doGenerate']>[0]

async function generated(model: LanguageModelV4, options: CallOptions): Promise<Answer> {
  const result = await model.doGenerate(options)
  const texts: string[] = []
  const toolCalls: ToolCall[] = []
  for (const part of result.content) {
    if (part.type === 'text') texts.push(part.text)
    if (part.type === 'tool-call') toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input })
  }
  return {
    text: texts.join(''),
    toolCalls,
    finishReason: finishReasonOf(result.finishReason),
    usage: usageOf(result.usage),
    modelId: result.response?.modelId ?? model.modelId,
    ...requestIdOf(result.response?.headers),
    simulated: false,
    warnings: result.warnings.map(warningText),
  }
}

async function streamed(model: LanguageModelV4, options: CallOptions, call: ModelCall): Promise<Answer> {
  const { stream, response } = await model.doStream(options)
  const emit = call.onEvent ?? (() => {})
  const toolCalls: ToolCall[] = []
  let text = ''
  let modelId = model.modelId
  let warnings: readonly SharedV4Warning[] = []
  let end: { readonly finishReason: LanguageModelV4FinishReason; readonly usage: LanguageModelV4Usage } | undefined
  let streamError: unknown
  for await (const part of stream) {
    switch (part.type) {
      case 'text-start':
      case 'text-end':
        emit({ type: part.type })
        break
      case 'text-delta':
        text += part.delta
        if (part.delta !== '') emit({ type: 'text-delta', text: part.delta })
        break
      case 'reasoning-delta':
        emit({ type: 'reasoning-delta', text: part.delta })
        break
      case 'tool-input-start':
        emit({ type: 'tool-call', name: part.toolName })
        break
      case 'tool-call':
        toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input })
        break
      case 'response-metadata':
        modelId = part.modelId ?? modelId
        break
      case 'stream-start':
        warnings = part.warnings
        break
      case 'finish':
        end = part
        break
      case 'error':
        streamError ??= part.error
        break
    }
  }
  // One of the packages reports an end without a finish reason as data that is not valid.
  const endedEarly = streamError instanceof Error && streamError.name === 'AI_InvalidResponseDataError'
  if (streamError !== undefined && !endedEarly) throw streamError
  const requestId = requestIdOf(response?.headers)
  if (end === undefined || endedEarly || end.finishReason.unified === 'interrupted') {
    throw new CallFailure({
      class: 'network',
      message: 'the connection ended before the answer did',
      ...requestId,
      ...usageDetail(end?.usage),
    })
  }
  return {
    text,
    toolCalls,
    finishReason: finishReasonOf(end.finishReason),
    usage: usageOf(end.usage),
    modelId,
    ...requestId,
    simulated: false,
    warnings: warnings.map(warningText),
  }
}

/** A withheld answer is a failure that is billed, and so is one that has neither text nor a reason for its end. */
function checked(answer: Answer): Answer {
  const { text, toolCalls, finishReason, requestId, usage } = answer
  const known = { status: 200, ...(requestId !== undefined && { requestId }), ...(usage !== null && { usage }) }
  if (finishReason === 'content_filter')
    throw new CallFailure({ class: 'content_filter', message: text === '' ? 'the answer was withheld' : text, ...known })
  if (finishReason === 'other' && text === '' && toolCalls.length === 0)
    throw new CallFailure({ class: 'invalid_response', message: 'the answer is empty', ...known })
  return answer
}

function usageDetail(reported: LanguageModelV4Usage | undefined): { readonly usage?: Usage } {
  const usage = reported && usageOf(reported)
  return usage ? { usage } : {}
}

function usageOf({ inputTokens, outputTokens }: LanguageModelV4Usage): Usage | null {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return null
  return {
    input: inputTokens.total,
    cachedInput: inputTokens.cacheRead ?? 0,
    cacheWrite: inputTokens.cacheWrite ?? 0,
    output: outputTokens.total,
    reasoning: outputTokens.reasoning ?? 0,
  }
}

function finishReasonOf({ unified }: LanguageModelV4FinishReason): FinishReason {
  switch (unified) {
    case 'stop':
    case 'length':
      return unified
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    default:
      return 'other'
  }
}

function warningText(warning: SharedV4Warning): string {
  if (warning.type === 'other') return warning.message
  if ('feature' in warning) return warning.details ?? `${warning.feature} is not supported`
  return warning.message
}
