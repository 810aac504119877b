import type { Reference } from '../../artifact/deferred.ts'
import { memberKey } from '../../artifact/references.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { CallHistory } from '../../gateway/call.ts'
import type { EffectExecutor, EffectResult } from '../durable/effect.ts'
import { budgetsOf } from '../prompt/budgets.ts'
import { PromptFailure } from '../prompt/failure.ts'
import { runPrompt } from '../prompt/prompt-run.ts'
import type { PromptDependencies, PromptRequest, PromptResult } from '../prompt/request.ts'
import { callerOfRun } from './caller.ts'
import { failedStep } from './failed-step.ts'

/** Arguments of a model node, evaluated. */
interface ModelEffect {
  readonly prompt: Reference
  readonly model?: Reference
  readonly stream: boolean
  readonly with: JsonValue
}

/** Asks a prompt of the run's closure. What the judges of its guards cost is the step's too (GW-6); `cost` is the answer's alone. */
export function modelEffect(dependencies: PromptDependencies): EffectExecutor {
  return async (command, run, closure, context) => {
    const { signal, onEvent, bill } = context
    const given = command.arguments as unknown as ModelEffect
    const prompt = memberKey(given.prompt)
    const request: Omit<PromptRequest, 'budgets'> = {
      ...callerOfRun(run, command, context),
      bill,
      closure: { ...closure, address: prompt },
      input: given.with,
      signal,
      ...(run.withoutCache && { withoutCache: true }),
      ...(given.model && { model: memberKey(given.model) }),
      ...(given.stream && onEvent && { onEvent }),
    }
    try {
      const budgets = await budgetsOf(dependencies.budgets, run, closure)
      const result = await runPrompt({ ...request, budgets }, dependencies)
      return answeredStep(result, bill.costNano())
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      const costNano = bill.costNano()
      if (error.code === 'secret/missing') return { pause: failedStep(error), costNano }
      const failure = error instanceof PromptFailure ? error : undefined
      if (failure?.waitsFor) return { pause: { ...failedStep(error), waitsFor: failure.waitsFor }, costNano }
      return {
        outcome: { status: 'failed', error: failedStep(error) },
        costNano,
        ...(failure && { facts: factsOf(failure.spent.history) }),
      }
    }
  }
}

function answeredStep(result: PromptResult, costNano: number | null): EffectResult {
  const { model, prompt, usage, history } = result
  const attributes: JsonObject = {
    output: result.output,
    text: result.text,
    model: model.address,
    model_id: model.reportedId,
    version: prompt.version ?? null,
    tried: [...new Set(history.attempts.map(attempt => attempt.model))],
    usage: usage && {
      input_tokens: usage.input,
      output_tokens: usage.output,
      cached_tokens: usage.cachedInput,
      reasoning_tokens: usage.reasoning,
    },
    finish_reason: result.finishReason,
    cached: result.cached !== undefined,
    latency_ms: result.latencyMs,
    cost: result.costNano === null ? null : result.costNano / 1e9,
  }
  return {
    outcome: { status: 'succeeded', exit: 'done', attributes },
    costNano,
    facts: { ...factsOf(history), model: model.id, usage: attributes.usage ?? null, cached: result.cached !== undefined },
  }
}

/** For traces: who was asked when, and what came of it. */
function factsOf({ attempts, passedOver }: CallHistory): JsonObject {
  return {
    calls: attempts.map(({ model, startedAfterMs, durationMs, waitedMs, outcome, status, firstEventMs }) => ({
      model,
      started_after_ms: startedAfterMs,
      duration_ms: durationMs,
      waited_ms: waitedMs,
      outcome,
      status: status ?? null,
      first_event_ms: firstEventMs ?? null,
    })),
    passed_over: passedOver.map(({ model, reason }) => ({ model, reason })),
  }
}
