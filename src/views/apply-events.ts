import type { Plan } from '../plan/plan.ts'
import type { Release } from '../registry/release.ts'
import { appliedText } from './apply-text.ts'
import { appliedOutputsEvent, applyCompleteEvent, applyStartEvent, applySummaryEvent, planEvents } from './plan-events.ts'

/** The event stream of an apply, with Terraform's types. A release is one transaction, so all changes start and complete together. */
export function applyEvents(plan: Plan, release: Release | undefined, nowMs: number): string {
  const changes = release === undefined ? [] : plan.changes
  return [
    planEvents(plan, nowMs),
    ...changes.map(change => applyStartEvent(change, nowMs)),
    ...changes.map(change => applyCompleteEvent(change, nowMs, 0)),
    applySummaryEvent(plan, release?.number ?? null, appliedText(plan, release).trimEnd(), nowMs),
    appliedOutputsEvent(plan.outputs, nowMs),
  ].join('')
}
