import type { Answer, ModelCall } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { isObjectSchema, unwrapAnswer } from '../output-schema.ts'
import { outputModeOf } from './output-mode.ts'

/** A withheld answer is a failure that is billed, and so is one that has neither text nor a reason for its end. */
export function checkedAnswer(answer: Answer, call: ModelCall): Answer {
  const { text, toolCalls, finishReason, requestId, usage } = answer
  const known = { status: 200, ...(requestId !== undefined && { requestId }), ...(usage !== null && { usage }) }
  if (finishReason === 'content_filter')
    throw new CallFailure({ class: 'content_filter', message: text === '' ? 'the answer was withheld' : text, ...known })
  if (finishReason === 'other' && text === '' && toolCalls.length === 0)
    throw new CallFailure({ class: 'invalid_response', message: 'the answer is empty', ...known })
  // Half of a sign, where an answer was cut, is no text (NUM-4); a typed answer is held against its type instead.
  if (call.output === undefined) return text.isWellFormed() ? answer : { ...answer, text: text.toWellFormed() }
  const isWrapped = outputModeOf(call) !== 'instructions' && !isObjectSchema(call.output)
  return isWrapped ? { ...answer, text: unwrapAnswer(text) } : answer
}
