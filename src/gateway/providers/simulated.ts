import { createHash } from 'node:crypto'
import type { FaultKind, SimulatedAnswer, SimulatedFault, SimulationSpec } from '../../artifact/provider.ts'
import { countSimulatedTokens } from '../../artifact/simulated-tokens.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Answer, EmbeddingAnswer, EmbeddingCall, FinishReason, ModelCall, ToolCall, Usage } from '../call.ts'
import { abortedFailure, CallFailure } from '../failure.ts'
import type { FailureClass } from '../failure-class.ts'
import { sleep } from '../timers.ts'
import type { ProviderDefinition, ProviderDependencies } from './definition.ts'
import { sampleOf } from './sample.ts'
import { sampleVector } from './sample-vector.ts'

/** Of a vector where the model says nothing. */
const DEFAULT_DIMENSIONS = 256

/**
 * Answers by script, without a model: for examples, tests and CI. The same seed and the same call give the same answer,
 * fault and token counts; tokens are words and punctuation characters.
 */
export const simulatedProvider = Object.freeze<ProviderDefinition>({
  name: 'simulated',
  summary: 'Scripted, deterministic answers and faults; needs no key and says so in every result.',
  stability: 'stable',
  connect: ({ spec }, dependencies) => {
    const simulation = spec.simulation ?? { latency_ms: 0, seed: 1, answers: [], faults: [] }
    return { answer: call => simulate(call, simulation, dependencies), embed: call => embed(call, simulation, dependencies) }
  },
})

async function simulate(call: ModelCall, simulation: SimulationSpec, dependencies: ProviderDependencies): Promise<Answer> {
  const names = namesOf(call)
  const holds = (when: SimulatedAnswer['when']) => when === true || dependencies.evaluate(when, names) === true
  const random = (purpose: string) => fraction(`${simulation.seed} ${call.attempt} ${purpose} ${JSON.stringify(call.messages)}`)

  const answer = simulation.answers.find(({ when }) => holds(when))
  await sleep(dependencies.timers, answer?.latency_ms ?? simulation.latency_ms, call.signal)
  const fault = simulation.faults.find((one, index) => happens(one, call.attempt, () => random(`fault ${index}`)) && holds(one.when))
  if (fault) await fail(fault.error, call, fault.retry_after_ms)
  if (answer?.error !== undefined) await fail(answer.error, call)

  const toolCalls = (answer?.tool_calls ?? []).map(
    (tool, index): ToolCall => ({
      id: `call_${index + 1}`,
      name: tool.name,
      arguments: JSON.stringify(dependencies.evaluate(tool.arguments, names)),
    }),
  )
  const text = toolCalls.length > 0 ? '' : textOf(call, answer, simulation, dependencies, names)
  for (const { name } of toolCalls) call.onEvent?.({ type: 'tool-call', name })
  await stream(text, call, answer?.tokens_per_second, dependencies)
  return {
    text,
    toolCalls,
    finishReason: toolCalls.length > 0 ? 'tool_calls' : finishReasonOf(answer?.finish_reason),
    usage: usageOf(call, text + toolCalls.map(tool => tool.arguments).join(' ')),
    modelId: call.target.spec.id,
    simulated: true,
    warnings: [],
  }
}

async function embed(
  call: EmbeddingCall,
  { latency_ms, seed }: SimulationSpec,
  { timers }: ProviderDependencies,
): Promise<EmbeddingAnswer> {
  await sleep(timers, latency_ms, call.signal)
  const input = call.texts.reduce((sum, text) => sum + countSimulatedTokens(text), 0)
  return {
    vectors: call.texts.map(text => sampleVector(text, call.target.spec.dimensions ?? DEFAULT_DIMENSIONS, seed)),
    usage: { input, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 },
    simulated: true,
  }
}

function textOf(
  call: ModelCall,
  answer: SimulatedAnswer | undefined,
  { seed }: SimulationSpec,
  { evaluate }: ProviderDependencies,
  names: JsonObject,
): string {
  if (answer?.json !== undefined) return JSON.stringify(evaluate(answer.json, names))
  if (answer?.text !== undefined) return String(evaluate(answer.text, names))
  if (call.output) return JSON.stringify(sampleOf(call.output, seed))
  const asked = lastUserText(call).trim()
  return asked === '' ? 'This is a simulated answer.' : `This is a simulated answer to: ${asked}`
}

/** `request` of blocks.md 1.4. */
function namesOf(call: ModelCall): JsonObject {
  return {
    request: {
      model: call.target.spec.id,
      system: call.messages
        .filter(message => message.role === 'system')
        .map(message => message.text)
        .join('\n\n'),
      text: lastUserText(call),
      messages: call.messages.map(({ role, text }) => ({ role, text })),
      tools: (call.tools ?? []).map(tool => tool.name),
      input: call.input ?? null,
      attempt: call.attempt,
    },
  }
}

function lastUserText(call: ModelCall): string {
  return call.messages.findLast(message => message.role === 'user')?.text ?? ''
}

function usageOf(call: ModelCall, answered: string): Usage {
  const input = call.messages.reduce((sum, message) => sum + countSimulatedTokens(message.text), 0)
  return { input, cachedInput: 0, cacheWrite: 0, output: countSimulatedTokens(answered), reasoning: 0 }
}

function finishReasonOf(scripted: string | undefined): FinishReason {
  switch (scripted) {
    case undefined:
    case 'stop':
      return 'stop'
    case 'length':
    case 'content_filter':
    case 'tool_calls':
      return scripted
    default:
      return 'other'
  }
}

/** Word by word, each with the white space after it. */
async function stream(text: string, call: ModelCall, tokensPerSecond: number | undefined, { timers }: ProviderDependencies): Promise<void> {
  const perTokenMs = tokensPerSecond === undefined ? 0 : 1000 / tokensPerSecond
  if (call.onEvent === undefined) {
    if (perTokenMs > 0) await sleep(timers, perTokenMs * countSimulatedTokens(text), call.signal)
    return
  }
  if (text === '') return
  call.onEvent({ type: 'text-start' })
  for (const word of text.match(/\s*\S+\s*|\s+/g) ?? []) {
    if (perTokenMs > 0) await sleep(timers, perTokenMs * countSimulatedTokens(word), call.signal)
    call.onEvent({ type: 'text-delta', text: word })
  }
  call.onEvent({ type: 'text-end' })
}

function happens({ rate, first }: SimulatedFault, attempt: number, random: () => number): boolean {
  if (first !== undefined) return attempt <= first
  return rate === undefined || random() < rate
}

/** The first 48 bits of a digest, as a number in [0, 1). */
function fraction(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48
}

const FAULTS: Readonly<
  Record<Exclude<FaultKind, 'timeout' | 'stall'>, { class: FailureClass; status?: number; providerCode: string; message: string }>
> = {
  rate_limited: { class: 'rate_limited', status: 429, providerCode: 'rate_limit_exceeded', message: 'Simulated: too many requests' },
  overloaded: { class: 'overloaded', status: 529, providerCode: 'overloaded_error', message: 'Simulated: overloaded' },
  server_error: { class: 'server_error', status: 500, providerCode: 'server_error', message: 'Simulated: internal error' },
  bad_request: { class: 'bad_request', status: 400, providerCode: 'invalid_request_error', message: 'Simulated: the request is refused' },
  refused_key: { class: 'unauthorized', status: 401, providerCode: 'invalid_api_key', message: 'Simulated: the key is refused' },
  content_filter: { class: 'content_filter', status: 400, providerCode: 'content_filter', message: 'Simulated: the content is refused' },
  garbage: { class: 'invalid_response', status: 200, providerCode: 'invalid_json', message: 'Simulated: the answer is not JSON' },
}

/** `timeout` never answers, `stall` stops after its first words: both until the call is given up. */
async function fail(kind: FaultKind, call: ModelCall, retryAfterMs?: number): Promise<never> {
  if (kind === 'timeout' || kind === 'stall') {
    if (kind === 'stall' && call.onEvent) {
      call.onEvent({ type: 'text-start' })
      call.onEvent({ type: 'text-delta', text: 'This simulated answer stops ' })
    }
    return untilAborted(call.signal)
  }
  throw new CallFailure({ ...FAULTS[kind], ...(retryAfterMs !== undefined && { retryAfterMs }) })
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(abortedFailure())
    signal.addEventListener('abort', () => reject(abortedFailure()), { once: true })
  })
}
