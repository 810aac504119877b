import { heldObstacles, type Plan } from '../plan/plan.ts'
import type { Release } from '../registry/release.ts'
import { releasedText } from './apply-text.ts'
import { appliedOutputsEvent, applyCompleteEvent, applyStartEvent, applySummaryEvent, holdLiftedEvent, planEvents } from './plan-events.ts'

/** The event stream of an apply, with Terraform's types. A release is one transaction, so all changes start and complete together. */
export function applyEvents(plan: Plan, release: Release | undefined, nowMs: number, overrideHold?: string): string {
  const changes = release === undefined ? [] : plan.changes
  const lifted = release === undefined || overrideHold === undefined ? [] : heldObstacles(plan)
  return [
    planEvents(lifted.length === 0 ? plan : { ...plan, obstacles: [] }, nowMs),
    ...changes.map(change => applyStartEvent(change, nowMs)),
    ...changes.map(change => applyCompleteEvent(change, nowMs, 0)),
    applySummaryEvent(plan, release?.number ?? null, releasedText(plan, release).trimEnd(), nowMs),
    ...lifted.map(held => holdLiftedEvent(held, overrideHold ?? '', nowMs)),
    appliedOutputsEvent(plan.outputs, nowMs),
  ].join('')
}
