import type { CallEvent, GuardTarget, GuardVerdict, Layer, LayerResult, ModelCall } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import { applyGuards, blockedFailure } from '../guards/apply.ts'
import { createPlaceholders, type Placeholders } from '../guards/placeholders.ts'
import { type GuardDependencies, guardRun } from '../guards/run.ts'
import { textsOfValue } from '../guards/texts.ts'
import { createWindow, type GuardWindow, windowPlan } from '../guards/window.ts'

/**
 * Holds the answer of each model against the guards. Where one of them may refuse or change it, a stream is held back by
 * as much as a match of theirs can be long, and by the whole where one has to see all of it (GW-5); an answer that did not
 * fit its type is not shown.
 */
export function guardOutLayer(dependencies: GuardDependencies): Layer {
  return async (call, next) => {
    const guards = call.policy.outputGuards
    if (guards.length === 0) return next(call)
    const isHeld = guards.some(mayChange)
    const { onEvent } = call
    if (!isHeld || onEvent === undefined) {
      const result = isHeld ? await withheld(call, () => next(call)) : await next(call)
      return guardedAnswer(call, result, call.placeholders ?? createPlaceholders(), dependencies)
    }
    call.history.streamHeld = true
    const placeholders = call.placeholders ?? createPlaceholders()
    // Of a typed answer the beginning says nothing, and one that is checked may be asked for anew.
    const plan = call.output === undefined && call.policy.check === undefined ? await windowPlan(guards, mayChange) : undefined
    const told = teller(onEvent)
    const window = plan && createWindow(plan, placeholders, told.tell)
    const result = await withheld(call, () => next({ ...call, onEvent: heldEvents(onEvent, window) }))
    const guarded = await guardedAnswer(call, result, placeholders, dependencies)
    const before = window?.told() ?? ''
    // The text of the result counts, whatever was streamed.
    if (guarded.text.startsWith(before)) told.tell(guarded.text.slice(before.length))
    told.end()
    return guarded
  }
}

/** Texts as the events of one part. */
function teller(onEvent: (event: CallEvent) => void) {
  let hasBegun = false
  return {
    tell(text: string) {
      if (text === '') return
      if (!hasBegun) onEvent({ type: 'text-start' })
      hasBegun = true
      onEvent({ type: 'text-delta', text })
    },
    end() {
      if (hasBegun) onEvent({ type: 'text-end' })
    },
  }
}

/** A guard that marks alone changes nothing; but where its judge fails, it may refuse. */
function mayChange({ spec: { detectors, on_error } }: GuardTarget): boolean {
  return detectors.some(({ action, type }) => action !== 'flag' || (type === 'judge' && on_error === 'block'))
}

async function guardedAnswer(
  call: ModelCall,
  result: LayerResult,
  placeholders: Placeholders,
  dependencies: GuardDependencies,
): Promise<LayerResult> {
  const isTyped = call.output !== undefined && result.toolCalls.length === 0
  const answer = textsOfValue(isTyped ? result.output : result.text)
  // An answer of tool calls alone says nothing.
  if (!isTyped && result.text === '' && result.toolCalls.length > 0) return result
  const run = guardRun(call, 'output', placeholders, dependencies)
  const { texts, verdicts, blockedBy } = await applyGuards(answer.texts, call.policy.outputGuards, run)
  call.history.verdicts.push(...verdicts)
  if (blockedBy) throw blockedFailure(blockedBy)
  if (texts.every((text, index) => text === answer.texts[index])) return result
  const output = answer.withTexts(texts)
  const text = typeof output === 'string' && !isTyped ? output : JSON.stringify(output)
  await checkAgain(call, text, verdicts)
  return { ...result, output, text }
}

/** Whoever reads a typed answer counts on its type: one that does not fit without what was taken out is refused. */
async function checkAgain({ policy: { check }, history }: ModelCall, text: string, verdicts: readonly GuardVerdict[]): Promise<void> {
  const last = verdicts.findLast(({ action }) => action === 'redact')
  if (check === undefined || last === undefined || (await check(text)).fits) return
  const verdict: GuardVerdict = { ...last, action: 'block', finding: `${last.finding}; without it the answer does not fit its type` }
  history.verdicts.push(verdict)
  throw blockedFailure(verdict)
}

/** Lets through what says nothing of the answer, and of that what the window does. */
function heldEvents(onEvent: (event: CallEvent) => void, window: GuardWindow | undefined): (event: CallEvent) => void {
  return event => {
    if (event.type === 'text-delta') window?.push(event.text)
    if (event.type === 'tool-call' || event.type === 'escalation') onEvent(event)
    if (event.type === 'repair') onEvent({ type: 'repair', problems: [WITHHELD] })
  }
}

const WITHHELD = 'does not fit; what it says is withheld, for the guards have not seen it'

/** Answers that did not fit their type come back beside the guards: what they say is taken out. */
async function withheld(call: ModelCall, ask: () => Promise<LayerResult>): Promise<LayerResult> {
  const { rejected } = call.history
  const before = rejected.length
  const withhold = () => {
    const seen = rejected.splice(before)
    rejected.push(
      ...seen.map(answer => ({ ...answer, text: '', violations: answer.violations.map(({ path }) => ({ path, text: WITHHELD })) })),
    )
  }
  try {
    const result = await ask()
    withhold()
    return result
  } catch (error) {
    withhold()
    if (!(error instanceof CallFailure) || error.details.class !== 'output_invalid') throw error
    const violations = error.details.violations?.map(({ path }) => ({ path, text: WITHHELD })) ?? []
    throw extendFailure(error, { message: `the answer ${WITHHELD}`, violations, streamed: false })
  }
}
