import { invariant } from '../../base/invariant.ts'
import { isUsedUp } from '../attempt-limit.ts'
import type { CallTier, EscalationReason, Layer, LayerResult, ModelCall, ModelTarget, PassedOver } from '../call.ts'
import { CallFailure, extendFailure } from '../failure.ts'
import type { FailureClass } from '../failure-class.ts'

interface Link {
  readonly target: ModelTarget
  readonly tier: CallTier
  readonly tierIndex: number
}

/**
 * Asks the models in order until one answers well enough. Failures of a model lead to the next one; what is wrong with
 * an answer leads to the next tier, and only where the tier says so (GW-3). A stream that has begun is never continued by
 * another model (GW-4). A call that may send nothing more ends with what it has (STEP-6).
 */
export function chainLayer(): Layer {
  return async (call, next) => {
    const links = call.tiers.flatMap((tier, tierIndex) => tier.models.map((target): Link => ({ target, tier, tierIndex })))
    let link = links[0]
    invariant(link, 'gateway/empty-chain', 'a call names at least one model')
    for (;;) {
      let step: Step | undefined
      try {
        const result = await next(withTarget(call, link.target))
        step = isUsedUp(call.history) ? undefined : afterAnswer(result, link, links)
        if (step === undefined) return result
      } catch (error) {
        if (!(error instanceof CallFailure)) throw error
        step = isUsedUp(call.history) ? undefined : afterFailure(error, link, links)
        if (step === undefined) throw extendFailure(error, { target: link.target })
      }
      passOver(call, link, step)
      link = step.to
    }
  }
}

interface Step {
  readonly to: Link
  readonly reason: PassedOver['reason']
  readonly detail?: string
}

function passOver({ history, onEvent }: ModelCall, { target }: Link, { to, reason, detail }: Step): void {
  history.passedOver.push({ model: target.address, id: target.spec.id, reason, ...(detail !== undefined && { detail }) })
  onEvent?.({ type: 'escalation', from: target.address, to: to.target.address, reason })
}

function afterAnswer(result: LayerResult, link: Link, links: readonly Link[]): Step | undefined {
  const to = nextTier(link, links)
  if (to === undefined || result.toolCalls.length > 0) return undefined
  if (result.finishReason === 'length' && link.tier.escalateOn.includes('truncated')) return { to, reason: 'truncated' }
  return link.tier.escalateWhen?.(result.output) ? { to, reason: 'escalate_when' } : undefined
}

const ESCALATIONS: Partial<Readonly<Record<FailureClass, EscalationReason>>> = {
  output_invalid: 'output_invalid',
  truncated: 'truncated',
  guard_blocked: 'guard_blocked',
  content_filter: 'refusal',
}

/** The model could not be asked, or not reached, or holds less than another: nothing is wrong with the call. */
const MOVES_ON: ReadonlySet<FailureClass> = new Set([
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'network',
  'invalid_response',
  'breaker_open',
  'permit_timeout',
])

function afterFailure({ details }: CallFailure, link: Link, links: readonly Link[]): Step | undefined {
  const { class: reason, message: detail } = details
  const escalation = ESCALATIONS[reason]
  if (escalation !== undefined) {
    const to = link.tier.escalateOn.includes(escalation) ? nextTier(link, links) : undefined
    return to && { to, reason: escalation, detail }
  }
  if (details.streamed) return undefined
  const rest = links.slice(links.indexOf(link) + 1)
  const to = rest.find(candidate => canFollow(reason, link.target, candidate.target))
  return to && { to, reason, detail }
}

function canFollow(reason: FailureClass, { spec, provider }: ModelTarget, next: ModelTarget): boolean {
  if (MOVES_ON.has(reason)) return true
  if (reason === 'context_overflow') {
    const window = next.spec.limits.context_window
    return window === undefined || window > (spec.limits.context_window ?? 0)
  }
  const isKeyRefused = reason === 'unauthorized' || reason === 'forbidden'
  return isKeyRefused && next.provider.address !== provider.address
}

function nextTier({ tierIndex }: Link, links: readonly Link[]): Link | undefined {
  return links.find(candidate => candidate.tierIndex === tierIndex + 1)
}

/** The same call, asked of another model: the model's defaults stand where the prompt says nothing. */
function withTarget(call: ModelCall, target: ModelTarget): ModelCall {
  return { ...call, target, attempt: 1, params: { ...target.spec.params, ...call.params } }
}
