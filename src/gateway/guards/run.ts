import type { JsonSchema } from '../../artifact/json-schema.ts'
import { invariant } from '../../base/invariant.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { CallPolicy, CallRequest, CallResult, CheckedAnswer, GuardTarget, ModelCall } from '../call.ts'
import { MissingSecret } from '../secrets.ts'
import type { GuardRun } from './apply.ts'
import { GuardTrouble, type JudgeQuestion } from './detector.ts'
import type { Placeholders } from './placeholders.ts'

export interface GuardDependencies {
  /** Places where a value does not fit a schema; absent: no guard can ask for one. */
  readonly violations?: (schema: JsonSchema, value: JsonValue) => Promise<readonly unknown[]>
  /** Asks the model of a judge: a call of its own, through all layers (GW-6). */
  readonly ask: (request: CallRequest) => Promise<CallResult>
}

/** For whom the guards look: what their judges cost is that call's. */
export type GuardedCall = Pick<ModelCall, 'signal' | 'deadlineMs' | 'caller' | 'bill'> & { readonly policy: Pick<CallPolicy, 'budgets'> }

/** What the guards of one call need. */
export function guardRun(call: GuardedCall, on: GuardRun['on'], placeholders: Placeholders, dependencies: GuardDependencies): GuardRun {
  return {
    on,
    placeholders,
    violations: dependencies.violations ?? noSchemas,
    async judge(question, guard) {
      try {
        return (await dependencies.ask(judgeRequest(call, guard, question))).output
      } catch (error) {
        if (error instanceof MissingSecret) throw new GuardTrouble(`secret "${error.secretName}" is not set`)
        throw error
      }
    },
  }
}

async function noSchemas(): Promise<never> {
  throw new GuardTrouble('nothing here checks schemas')
}

/** The call of a judge: in the budgets and the time of the call that it is made for, and without guards itself (GW-6). */
function judgeRequest(call: GuardedCall, guard: GuardTarget, { model, system, user, output }: JudgeQuestion): CallRequest {
  const tier = guard.judges.get(model)
  invariant(tier, 'guard/judge-without-model', 'the models of judges are resolved when the run starts')
  const { prompt: _, ...caller } = call.caller
  return {
    tiers: [tier],
    messages: [
      { role: 'system', text: system },
      { role: 'user', text: user },
    ],
    params: { temperature: 0 },
    output,
    signal: call.signal,
    ...(call.deadlineMs !== undefined && { deadlineMs: call.deadlineMs }),
    caller: { ...caller, node: guard.address },
    ...(call.bill && { bill: call.bill }),
    policy: {
      repair: 1,
      onTruncated: 'fail',
      check: async text => checkedVerdict(text),
      inputGuards: [],
      outputGuards: [],
      budgets: call.policy.budgets,
    },
  }
}

function checkedVerdict(text: string): CheckedAnswer {
  try {
    const output = JSON.parse(text) as JsonValue
    if (isJsonObject(output) && typeof output.score === 'number') return { fits: true, output }
  } catch {
    // It is told below, as any other answer that does not fit.
  }
  return { fits: false, violations: [{ path: '', text: 'is no JSON object with a "score"' }] }
}
