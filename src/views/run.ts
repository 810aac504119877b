import type { JsonObject, JsonValue } from '../base/json.ts'
import type { PromptSpending } from '../engine/prompt/failure.ts'
import type { PromptEvent, PromptResult, RenderedPrompt } from '../engine/prompt/request.ts'
import type { Usage } from '../gateway/call.ts'
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
    result.simulated ? `${model.id} (simulated)` : model.id,
    usage === null ? 'usage unknown' : usageText(usage),
    result.costNano === null ? 'cost unknown' : formatMoney(result.costNano),
    formatDuration(result.latencyMs),
  ]
  const attempts = result.attempts.length > 1 + result.repairs ? `Note: answered at attempt ${result.attempts.length}.\n` : ''
  const repairs = result.repairs > 0 ? 'Note: the first answer did not fit the output type, and was mended.\n' : ''
  const cutOff = result.finishReason === 'length' ? 'Note: the answer was cut off at its limit of output tokens.\n' : ''
  return `\n${facts.join(' · ')}\n${attempts}${repairs}${cutOff}${result.warnings.map(warning => `Note: ${warning}.\n`).join('')}`
}

/** `That does not fit the output type: sources: is "x", expected list of string. Asking again.` */
export function repairText([problem]: readonly string[]): string {
  return `That does not fit the output type${problem === undefined ? '' : `: ${showControls(problem).replace(/\.$/, '')}`}. Asking again.\n`
}

/** `Failed after 214 ms. It cost $0.00.` */
export function spentText(what: 'Failed' | 'Stopped', { latencyMs, costNano }: PromptSpending): string {
  return `${what} after ${formatDuration(latencyMs)}. ${costNano === null ? 'Its cost is unknown' : `It cost ${formatMoney(costNano)}`}.\n`
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
  const { prompt, model, usage } = result
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
    attempts: result.attempts.map(attempt => ({
      model: attempt.model,
      number: attempt.number,
      outcome: attempt.outcome,
      started_after_ms: attempt.startedAfterMs,
      waited_ms: attempt.waitedMs,
      duration_ms: attempt.durationMs,
      status: attempt.status ?? null,
      usage: attempt.usage && usageJson(attempt.usage),
      cost_nano_usd: attempt.costNano,
    })),
    repairs: result.repairs,
    request_id: result.requestId ?? null,
    warnings: result.warnings,
  }
}

function usageJson({ input, cachedInput, cacheWrite, output, reasoning }: Usage): JsonObject {
  return {
    input_tokens: input,
    cached_input_tokens: cachedInput,
    cache_write_tokens: cacheWrite,
    output_tokens: output,
    reasoning_tokens: reasoning,
  }
}

/** One line of the event stream. */
export function runEvent(event: PromptEvent | { readonly type: 'result'; readonly result: PromptResult }, nowMs: number): string {
  const at = new Date(nowMs).toISOString()
  const content: JsonObject = event.type === 'result' ? { type: 'result', ...resultFields(event.result) } : eventFields(event)
  return `${JSON.stringify({ '@level': 'info', '@timestamp': at, ...content })}\n`
}

function eventFields(event: PromptEvent): JsonObject {
  const entries = Object.entries(event).map(([name, value]): [string, JsonValue] => [
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
