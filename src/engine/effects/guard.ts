import type { Reference } from '../../artifact/deferred.ts'
import type { GuardOutcome } from '../../gateway/guards/apply.ts'
import type { EffectExecutor, EffectResult } from '../durable/effect.ts'
import { budgetsOf } from '../prompt/budgets.ts'
import { guardTargets } from '../prompt/guards.ts'
import type { PromptDependencies } from '../prompt/request.ts'
import { budgetPause } from './budget-pause.ts'
import { callerOfRun } from './caller.ts'

/** Arguments of a guard node, evaluated. */
interface GuardEffect {
  readonly guard: Reference
  readonly text: string
}

/** Looks at a text; what it blocks leaves by `blocked`, without the text. What judges cost is the step's. */
export function guardEffect({ gateway, budgets }: Pick<PromptDependencies, 'gateway' | 'budgets'>): EffectExecutor {
  return async (command, run, closure, context) => {
    const { signal, bill } = context
    const { guard, text } = command.arguments as unknown as GuardEffect
    const caller = { signal, bill, caller: callerOfRun(run, command, context), policy: { budgets: await budgetsOf(budgets, run, closure) } }
    try {
      return lookedStep(await gateway.guard(text, guardTargets(closure, [guard]), caller), bill.costNano())
    } catch (error) {
      const pause = budgetPause(error)
      if (pause === undefined) throw error
      return { pause, costNano: bill.costNano() }
    }
  }
}

function lookedStep({ texts, verdicts, findings: found, blockedBy }: GuardOutcome, costNano: number | null): EffectResult {
  const findings = found.map(({ detector, type, start, end, score }) => ({ detector, type, start, end, score }))
  const flags = verdicts.filter(({ action }) => action === 'flag').map(({ detector, finding }) => `${detector}: ${finding}`)
  const isBlocked = blockedBy !== undefined
  const attributes = { text: isBlocked ? null : (texts[0] ?? null), flags, findings }
  return {
    outcome: { status: 'succeeded', exit: isBlocked ? 'blocked' : 'done', attributes },
    costNano,
    facts: { verdicts: verdicts.map(({ detector, action, finding }) => ({ detector, action, finding })) },
  }
}
