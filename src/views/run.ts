import type { JsonObject, JsonValue } from '../base/json.ts'
import type { PromptSpending } from '../engine/prompt/failure.ts'
import type { PromptResult, RenderedPrompt } from '../engine/prompt/request.ts'
import { type Attempt, type CallEvent, type CallHistory, ESCALATION_REASONS, type Usage } from '../gateway/call.ts'
import { formatDuration, formatMoney, formatTokens } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import { showControls } from './text-width.ts'

/** The answer alone: text as it is, typed output as JSON. */
export function answerText({ output }: PromptResult): string {
  const text = typeof output === 'string' ? showControls(output) : JSON.stringify(output, undefined, 2)
  return text.endsWith('\n') ? text : `${text}\n`
}

/** `prompt.answer@1 · simulated-small (simulated) · 16 in, 13 out · $0.00 · 12 ms` */
export function summaryText(result: PromptResult): string {
  const { prompt, model, usage } = result
  const facts = [
    prompt.version === undefined ? `${prompt.address} (working copy)` : `${prompt.address}@${prompt.version}`,
    `${model.id}${standingOf(result)}`,
    ...(result.cached ? ['from the cache'] : []),
    usage === null ? 'usage unknown' : usageText(usage),
    result.costNano === null ? 'cost unknown' : formatMoney(result.costNano),
    formatDuration(result.latencyMs),
  ]
  return `\n${facts.join(' · ')}\n${notesOf(result)
    .map(note => `Note: ${note}.\n`)
    .join('')}`
}

/** `, fallback`, ` (simulated)` */
function standingOf({ simulated, history: { passedOver } }: PromptResult): string {
  const isFallback = passedOver.length > 0 && passedOver.every(({ reason }) => !ANSWER_REASONS.has(reason))
  return `${simulated ? ' (simulated)' : ''}${isFallback ? ', fallback' : passedOver.length > 0 ? ', next tier' : ''}`
}

/** The model answered, and not well enough. */
const ANSWER_REASONS: ReadonlySet<string> = new Set([...ESCALATION_REASONS, 'content_filter', 'escalate_when'])

/** What a reader of the answer should know of how it came about. */
function notesOf({ history, finishReason, warnings }: PromptResult): readonly string[] {
  const { attempts, passedOver, rejected } = history
  const answered = attempts.findLast(({ outcome }) => outcome === 'answered')
  const uncertain = attempts.filter(({ mayBeBilled }) => mayBeBilled).length
  const isMended = rejected.length > 0 && rejected.at(-1)?.model === answered?.model
  return [
    ...passedOver.map(passedOverText),
    ...(answered !== undefined && answered.number > 1 ? [`answered at attempt ${answered.number}`] : []),
    ...(isMended ? ['the first answer did not fit the output type, and was mended'] : []),
    ...(uncertain > 0 ? [`${uncertain === 1 ? 'one attempt' : `${uncertain} attempts`} without an answer may be billed too`] : []),
    ...(finishReason === 'length' ? ['the answer was cut off at its limit of output tokens'] : []),
    ...history.verdicts.map(verdictText),
    ...budgetNotes(history),
    ...warnings,
  ]
}

function passedOverText({ model, reason, detail }: CallHistory['passedOver'][number]): string {
  const why = detail === undefined ? '' : `: ${showControls(detail).replace(/\.$/, '')}`
  if (reason === 'breaker_open') return `${model} was passed over, its breaker is open${openText(detail)}`
  if (reason === 'escalate_when') return `${model} was passed over, its answer was not good enough`
  return `${model} was passed over, ${reason.replaceAll('_', ' ')}${why}`
}

/** ` (12 of 20 calls failed, 503). Probed in 9 s`, of `12 of 20 calls failed, 503; probed in 9 s`. */
function openText(detail = ''): string {
  const [why, probed] = showControls(detail).split('; ')
  return `${why ? ` (${why})` : ''}${probed ? `. ${probed.charAt(0).toUpperCase()}${probed.slice(1)}` : ''}`
}

const VERDICTS = { block: 'blocked', redact: 'redacted', flag: 'flagged' } as const

/** `guard.no_pii redacted the answer: 2 email` */
function verdictText({ guard, on, action, finding, score }: CallHistory['verdicts'][number]): string {
  const sureness = score === undefined ? '' : `, score ${score}`
  return `${guard} ${VERDICTS[action]} the ${on === 'input' ? 'input' : 'answer'}: ${finding}${sureness}`
}

function budgetNotes({ budgetWarnings }: CallHistory): readonly string[] {
  return budgetWarnings.map(
    ({ budget, mark, spentNano, limitNano }) =>
      `${budget} is past ${Math.round(mark * 100)} %: ${formatMoney(spentNano)} of ${formatMoney(limitNano)}`,
  )
}

/** `That does not fit the output type: sources: is "x", expected list of string. Asking again.` */
export function repairText([problem]: readonly string[]): string {
  return `That does not fit the output type${problem === undefined ? '' : `: ${showControls(problem).replace(/\.$/, '')}`}. Asking again.\n`
}

/** `model.fast is passed over, output invalid. Asking model.large.` */
export function escalationText({ from, to, reason }: Extract<CallEvent, { type: 'escalation' }>): string {
  return `${from} is passed over: ${reason.replaceAll('_', ' ')}. Asking ${to}.\n`
}

/** `Failed after 214 ms. It cost $0.00.` */
export function spentText(what: 'Failed' | 'Stopped', { latencyMs, costNano, history }: PromptSpending): string {
  const cost = costNano === null ? `Its cost is unknown${boundText(history)}` : `It cost ${formatMoney(costNano)}`
  return `${what} after ${formatDuration(latencyMs)}. ${cost}.\n`
}

/** `: it may be billed with at most $0.0012`; nothing where no price is known. */
function boundText({ attempts }: CallHistory): string {
  const bounds = attempts.map(({ costNano, mayBeBilled, boundNano }) => (mayBeBilled ? boundNano : (costNano ?? boundNano)))
  const known = bounds.filter(bound => bound !== undefined)
  return known.length < bounds.length ? '' : `: it may be billed with at most ${formatMoney(known.reduce((sum, bound) => sum + bound, 0))}`
}

function usageText({ input, output, cachedInput }: Usage): string {
  const cached = cachedInput > 0 ? ` (${formatTokens(cachedInput)} cached)` : ''
  return `${formatTokens(input)} in${cached}, ${formatTokens(output)} out`
}

/** One document with output, model, version, usage, cost and latency. */
export function resultJson(result: PromptResult): string {
  return jsonDocument(resultFields(result))
}

function resultFields(result: PromptResult): JsonObject {
  const { prompt, model, usage, history } = result
  return {
    output: result.output,
    text: result.text,
    prompt: { address: prompt.address, version: prompt.version ?? null },
    model: {
      address: model.address,
      id: model.id,
      reported_id: model.reportedId,
      provider: model.provider,
      provider_type: model.providerType,
      version: model.version ?? null,
    },
    simulated: result.simulated,
    finish_reason: result.finishReason,
    usage: usage && usageJson(usage),
    cost_nano_usd: result.costNano,
    latency_ms: result.latencyMs,
    cached: result.cached ? { stored_at: new Date(result.cached.storedAtMs).toISOString() } : null,
    cache: history.cache,
    attempts: history.attempts.map(attemptJson),
    passed_over: history.passedOver.map(({ model, id, reason, detail }) => ({ model, id, reason, detail: detail ?? null })),
    guards: history.verdicts.map(({ guard, detector, on, action, finding, score }) => ({
      guard,
      detector,
      on,
      action,
      finding,
      score: score ?? null,
    })),
    budget_warnings: history.budgetWarnings.map(({ budget, mark, spentNano, limitNano }) => ({
      budget,
      mark,
      spent_nano_usd: spentNano,
      limit_nano_usd: limitNano,
    })),
    repairs: history.attempts.filter(({ isRepair, outcome }) => isRepair && outcome === 'answered').length,
    stream_held: history.streamHeld,
    request_id: result.requestId ?? null,
    warnings: result.warnings,
  }
}

function attemptJson(attempt: Attempt): JsonObject {
  return {
    model: attempt.model,
    number: attempt.number,
    repair: attempt.isRepair,
    outcome: attempt.outcome,
    started_after_ms: attempt.startedAfterMs,
    waited_ms: attempt.waitedMs,
    duration_ms: attempt.durationMs,
    first_event_ms: attempt.firstEventMs ?? null,
    status: attempt.status ?? null,
    usage: attempt.usage && usageJson(attempt.usage),
    cost_nano_usd: attempt.costNano,
    may_be_billed: attempt.mayBeBilled,
  }
}

/** Of one answer, or of all attempts together. */
export function usageJson({ input, cachedInput, cacheWrite, output, reasoning, audioInput, audioOutput }: Usage): JsonObject {
  return {
    input_tokens: input,
    cached_input_tokens: cachedInput,
    cache_write_tokens: cacheWrite,
    output_tokens: output,
    reasoning_tokens: reasoning,
    ...(audioInput !== undefined && { audio_input_tokens: audioInput }),
    ...(audioOutput !== undefined && { audio_output_tokens: audioOutput }),
  }
}

/** One line of the event stream. */
export function runEvent(event: CallEvent | { readonly type: 'result'; readonly result: PromptResult }, nowMs: number): string {
  const at = new Date(nowMs).toISOString()
  const content: JsonObject = event.type === 'result' ? { type: 'result', ...resultFields(event.result) } : eventFields(event)
  return `${JSON.stringify({ '@level': 'info', '@timestamp': at, ...content })}\n`
}

/** As fields of a stream: snake case, `text_delta`. */
export function eventFields(event: CallEvent): JsonObject {
  const entries = Object.entries<JsonValue>(event).map(([name, value]): [string, JsonValue] => [
    name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
    value,
  ])
  return { ...Object.fromEntries(entries), type: event.type.replace('-', '_') }
}

/** The messages as they would be sent. */
export function dryRunText({ messages, tokens, tokensAreExact }: RenderedPrompt): string {
  const blocks = messages.map(
    ({ role, text, files }) => `${role}\n${indent(text)}${files ? `${indent(`${files.length} attachments`)}` : ''}`,
  )
  return `${blocks.join('\n')}\n${formatTokens(tokens, !tokensAreExact)} tokens in. No call was made.\n`
}

function indent(text: string): string {
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map(line => (line === '' ? '\n' : `  ${line}\n`))
    .join('')
}

export function dryRunJson({ messages, input, tokens, tokensAreExact }: RenderedPrompt): string {
  return jsonDocument({
    messages: messages.map(({ role, text, files }) => ({
      role,
      text,
      attachments: (files ?? []).map(({ mediaType, name }) => ({ media_type: mediaType, name: name ?? null })),
    })),
    input,
    tokens,
    tokens_exact: tokensAreExact,
  })
}
