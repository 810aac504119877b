import type { Reference } from '../../artifact/deferred.ts'
import type { Gateway } from '../../gateway/gateway.ts'
import type { EffectExecutor } from '../durable/effect.ts'
import { budgetTargets } from '../prompt/budgets.ts'
import { guardTargets } from '../prompt/guards.ts'
import { callerOfRun } from './caller.ts'

/** Arguments of a guard node, evaluated. */
interface GuardEffect {
  readonly guard: Reference
  readonly text: string
}

/** Looks at a text; what it blocks leaves by `blocked`, without the text. What judges cost stands in their own records. */
export function guardEffect({ gateway }: { readonly gateway: Gateway }): EffectExecutor {
  return async (command, run, closure, { signal }) => {
    const { guard, text } = command.arguments as unknown as GuardEffect
    const policy = { budgets: budgetTargets(closure) }
    const outcome = await gateway.guard(text, guardTargets(closure, [guard]), { signal, caller: callerOfRun(run, command), policy })
    const findings = outcome.findings.map(({ detector, type, start, end, score }) => ({ detector, type, start, end, score }))
    const flags = outcome.verdicts.filter(({ action }) => action === 'flag').map(({ detector, finding }) => `${detector}: ${finding}`)
    const isBlocked = outcome.blockedBy !== undefined
    const attributes = { text: isBlocked ? null : (outcome.texts[0] ?? null), flags, findings }
    return {
      outcome: { status: 'succeeded', exit: isBlocked ? 'blocked' : 'done', attributes },
      costNano: 0,
      facts: { verdicts: outcome.verdicts.map(({ detector, action, finding }) => ({ detector, action, finding })) },
    }
  }
}
