import { isUsedUp } from '../attempt-limit.ts'
import type { CallMessage, CheckedAnswer, Layer, LayerResult, ModelCall } from '../call.ts'
import { CallFailure } from '../failure.ts'

/**
 * Holds the answer against what was asked for; a model whose answer does not fit is shown what is wrong and asked again,
 * up to `repair` times. An answer that was cut off is refused before its type is looked at: half of a JSON text says
 * nothing about the prompt.
 */
export function repairLayer(): Layer {
  return async (call, next) => {
    const { check, repair } = call.policy
    let { messages } = call
    for (let repairs = 0; ; repairs++) {
      const result = await next({ ...call, messages, isRepair: repairs > 0 })
      if (result.toolCalls.length > 0) return result
      if (result.finishReason === 'length' && call.policy.onTruncated === 'fail') throw truncated(call, result)
      const checked: CheckedAnswer = check === undefined ? { fits: true, output: result.output } : await check(result.text)
      if (checked.fits) return { ...result, output: checked.output }
      const { violations } = checked
      call.history.rejected.push({ text: result.text, model: call.target.address, violations })
      if (repairs >= repair || isUsedUp(call.history)) throw misfit(call, violations)
      const problems = violations.map(violationSentence)
      call.onEvent?.({ type: 'repair', problems })
      messages = repairMessages(call.messages, result.text, problems)
    }
  }
}

/** The conversation in which the model is asked to mend its answer. */
export function repairMessages(messages: readonly CallMessage[], answer: string, problems: readonly string[]): readonly CallMessage[] {
  return [
    ...messages,
    // An empty turn is refused by most providers.
    { role: 'assistant', text: answer.trim() === '' ? '(no answer)' : answer },
    {
      role: 'user',
      text: `That answer does not fit what was asked for:\n${problems.map(problem => `- ${problem}`).join('\n')}\nAnswer again, in full, with these mended.`,
    },
  ]
}

/** `sources[0]: is 7, expected string` */
export function violationSentence({ path, text }: { readonly path: string; readonly text: string }): string {
  return path === '' ? text : `${path}: ${text}`
}

function misfit({ onEvent }: ModelCall, violations: NonNullable<CallFailure['details']['violations']>): CallFailure {
  const message = violations.map(violationSentence)[0] ?? 'it does not fit'
  return new CallFailure({ class: 'output_invalid', message, violations, streamed: onEvent !== undefined })
}

function truncated({ onEvent, history, target }: ModelCall, { text, usage }: LayerResult): CallFailure {
  const message = `the answer was cut off${usage === null ? '' : ` after ${usage.output} tokens`}`
  history.rejected.push({ text, model: target.address, violations: [{ path: '', text: message }] })
  return new CallFailure({ class: 'truncated', message, streamed: onEvent !== undefined })
}
