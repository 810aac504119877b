import type { CallMessage, Layer, LayerResult, ModelCall } from '../call.ts'
import { applyGuards, blockedFailure } from '../guards/apply.ts'
import { createPlaceholders, type Placeholders } from '../guards/placeholders.ts'
import { restoredEvents } from '../guards/restored-events.ts'
import { type GuardDependencies, guardRun } from '../guards/run.ts'
import { textsOfMessages, textsOfValue } from '../guards/texts.ts'

/**
 * Holds what goes into a prompt against its guards, and renders the prompt anew where they took something out. What may be
 * put back is put back into the answer here, outside of the cache: restored text is never stored (CACHE-2).
 */
export function guardInLayer(dependencies: GuardDependencies): Layer {
  return async (call, next) => {
    const { inputGuards, outputGuards } = call.policy
    if (inputGuards.length === 0 && outputGuards.length === 0) return next(call)
    const placeholders = createPlaceholders()
    const guarded = inputGuards.length === 0 ? call : await guardedInput(call, placeholders, dependencies)
    if (!placeholders.canRestore()) return next({ ...guarded, placeholders })
    const write = writerFor(call)
    const { onEvent } = call
    const result = await next({ ...guarded, placeholders, ...(onEvent && { onEvent: restoredEvents(onEvent, placeholders, write) }) })
    return restored(result, placeholders, write)
  }
}

async function guardedInput(call: ModelCall, placeholders: Placeholders, dependencies: GuardDependencies): Promise<ModelCall> {
  const { render, inputGuards } = call.policy
  const run = guardRun(call, 'input', placeholders, dependencies)
  const guard = async (texts: readonly string[]) => {
    const outcome = await applyGuards(texts, inputGuards, run)
    call.history.verdicts.push(...outcome.verdicts)
    if (outcome.blockedBy) throw blockedFailure(outcome.blockedBy)
    return outcome.texts
  }
  if (render === undefined) {
    // Nobody can render it anew: what is in the messages themselves is looked at.
    const messages = textsOfMessages(call.messages)
    return { ...call, messages: messages.withTexts(await guard(messages.texts)) }
  }
  // Without input all of the prompt is its author's.
  if (call.input === undefined) return call
  const value = textsOfValue(call.input)
  const texts = await guard(value.texts)
  if (texts.every((text, index) => text === value.texts[index])) return call
  const input = value.withTexts(texts)
  const messages: readonly CallMessage[] = render(input)
  return { ...call, input, messages }
}

/** In JSON a value stands as JSON writes it. */
function writerFor({ output }: ModelCall): (value: string) => string {
  return output === undefined ? value => value : escaped
}

function escaped(value: string): string {
  return JSON.stringify(value).slice(1, -1)
}

function restored(result: LayerResult, placeholders: Placeholders, write: (value: string) => string): LayerResult {
  const { texts, withTexts } = textsOfValue(result.output)
  return {
    ...result,
    text: placeholders.restore(result.text, write),
    output: withTexts(texts.map(text => placeholders.restore(text))),
    toolCalls: result.toolCalls.map(tool => ({ ...tool, arguments: placeholders.restore(tool.arguments, escaped) })),
  }
}
