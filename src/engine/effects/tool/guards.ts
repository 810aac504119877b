import type { Closure } from '../../../artifact/closure.ts'
import type { ToolSpec } from '../../../artifact/tool.ts'
import { isJsonObject, type JsonValue } from '../../../base/json.ts'
import { OperationError } from '../../../diagnostics/operation-error.ts'
import type { BudgetTarget } from '../../../gateway/call.ts'
import type { EffectContext } from '../../durable/effect.ts'
import type { RunRecord } from '../../durable/record-store.ts'
import type { EffectCommand } from '../../interpreter/command.ts'
import { budgetsOf } from '../../prompt/budgets.ts'
import { guardTargets } from '../../prompt/guards.ts'
import { callerOfRun } from '../caller.ts'
import type { ToolDependencies } from './call.ts'

interface GuardedStep {
  readonly spec: ToolSpec
  readonly command: EffectCommand
  readonly run: RunRecord
  readonly closure: Closure
  readonly context: EffectContext
}

/** The result with each of its strings held against the guards. @throws OperationError `guard/blocked`, without what was found. */
export async function guardedResult(output: JsonValue, step: GuardedStep, { gateway, budgets }: ToolDependencies): Promise<JsonValue> {
  const { spec, command, run, closure, context } = step
  const { signal, bill } = context
  const guards = guardTargets(closure, spec.result_guards)
  if (guards.length === 0) return output
  const policy = { budgets: (await budgetsOf(budgets, run, closure)).map(withoutPause) }
  const call = { signal, bill, caller: callerOfRun(run, command, context), policy }
  const look = async (value: JsonValue): Promise<JsonValue> => {
    if (typeof value === 'string') return lookAt(value)
    if (Array.isArray(value)) return inOrder(value, look)
    if (!isJsonObject(value)) return value
    const values = await inOrder(Object.values(value), look)
    return Object.fromEntries(Object.keys(value).map((key, index) => [key, values[index] ?? null]))
  }
  const lookAt = async (text: string): Promise<string> => {
    const { texts, blockedBy } = await gateway.guard(text, guards, call)
    if (blockedBy === undefined) return texts[0] ?? ''
    throw new OperationError({ code: 'guard/blocked', summary: `${blockedBy.guard} blocked the result: ${blockedBy.finding}` })
  }
  return look(output)
}

/** The tool was called: a run that waits for a budget here would call it again. */
function withoutPause(budget: BudgetTarget): BudgetTarget {
  return budget.spec.action === 'pause' ? { ...budget, spec: { ...budget.spec, action: 'block' } } : budget
}

/** One after the other: a judge is asked about one text at a time. */
async function inOrder(values: readonly JsonValue[], look: (value: JsonValue) => Promise<JsonValue>): Promise<readonly JsonValue[]> {
  const seen: JsonValue[] = []
  for (const value of values) seen.push(await look(value))
  return seen
}
