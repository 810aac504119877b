import type { JsonObject, JsonValue } from '../base/json.ts'
import {
  type Change,
  countChanges,
  type DriftChange,
  type HeldObstacle,
  type Obstacle,
  type OutputChange,
  type Plan,
} from '../plan/plan.ts'
import { diagnosticEvents } from './diagnostic-json.ts'
import { event } from './event.ts'
import { obstacleJson } from './plan-json.ts'
import { actionReason, addressParts, driftAction, importingJson, resourceDrift } from './plan-resource.ts'
import { summaryLine } from './plan-text.ts'

/** Everything that a plan says, after the version: warnings, drift, changes, summary, outputs, and what apply would be refused for. */
export function planEvents(plan: Plan, nowMs: number): string {
  return [
    diagnosticEvents(plan.warnings, nowMs),
    ...plan.drift.map(drift => driftEvent(drift, nowMs)),
    ...plan.changes.map(change => plannedChange(change, nowMs)),
    changeSummary(plan, 'plan', nowMs, summaryLine(plan)),
    plannedOutputs(plan.outputs, nowMs),
    ...plan.obstacles.map(obstacle => obstacleEvent(obstacle, nowMs)),
  ].join('')
}

function obstacleEvent(obstacle: Obstacle, nowMs: number): string {
  const message =
    obstacle.kind === 'held'
      ? `${obstacle.address}: Version ${obstacle.version} is held since release ${obstacle.release}`
      : `${obstacle.address}: Owned by another configuration`
  return event('obstacle', message, nowMs, { obstacle: obstacleJson(obstacle) })
}

/** After the release, for each hold that `--override-hold` lifted. */
export function holdLiftedEvent(held: HeldObstacle, reason: string, nowMs: number): string {
  return event('hold_lifted', `${held.address}: Hold on version ${held.version} lifted`, nowMs, { hold: obstacleJson(held), reason })
}

function driftEvent(drift: DriftChange, nowMs: number): string {
  const action = driftAction(drift)
  return event('resource_drift', `${drift.address}: Drift detected (${action})`, nowMs, {
    change: { ...resourceDrift(drift), resource: resourceJson(drift.address), action },
  })
}

function plannedChange(change: Change, nowMs: number): string {
  const reason = actionReason(change.reason)
  return event('planned_change', `${change.address}: Plan to ${change.action}`, nowMs, {
    change: {
      resource: resourceJson(change.address),
      action: change.action,
      ...(reason === undefined ? {} : { reason }),
      ...(change.previousAddress === undefined ? {} : { previous_resource: resourceJson(change.previousAddress) }),
      ...(change.imported === undefined ? {} : { importing: importingJson(change.imported) }),
      before_version: change.before?.version ?? null,
      after_version: change.after?.version ?? null,
    },
  })
}

function plannedOutputs(outputs: readonly OutputChange[], nowMs: number): string {
  if (outputs.length === 0) return ''
  const described = outputs.map(
    ({ name, sensitive, action }) => [name, { sensitive, action: action === 'no-op' ? 'noop' : action }] as const,
  )
  return event('outputs', `Outputs: ${outputs.length}`, nowMs, { outputs: Object.fromEntries(described) })
}

const DOING = {
  create: 'Creating',
  update: 'Modifying',
  delete: 'Archiving',
  forget: 'Forgetting',
  move: 'Moving',
  import: 'Importing',
} as const
const DONE = {
  create: 'Creation',
  update: 'Modifications',
  delete: 'Archiving',
  forget: 'Forgetting',
  move: 'Move',
  import: 'Import',
} as const

/** Before the release, for each change. */
export function applyStartEvent(change: Change, nowMs: number): string {
  return event('apply_start', `${change.address}: ${DOING[change.action]}...`, nowMs, { hook: hookJson(change) })
}

/** After the release, for each change: all of them at once. */
export function applyCompleteEvent(change: Change, nowMs: number, elapsedMs: number): string {
  const elapsed_seconds = Math.round(elapsedMs / 1000)
  return event('apply_complete', `${change.address}: ${DONE[change.action]} complete after ${elapsed_seconds}s`, nowMs, {
    hook: { ...hookJson(change), elapsed_seconds },
  })
}

/** When nothing was released, for each change that was started. */
export function applyErroredEvent(change: Change, nowMs: number, elapsedMs: number): string {
  return event('apply_errored', `${change.address}: ${DONE[change.action]} errored`, nowMs, {
    hook: { ...hookJson(change), elapsed_seconds: Math.round(elapsedMs / 1000) },
  })
}

/** `Apply complete! Release 16 of prod: …` with its counts, and the release. */
export function applySummaryEvent(plan: Plan, release: number | null, message: string, nowMs: number): string {
  return changeSummary(plan, plan.mode === 'destroy' ? 'destroy' : 'apply', nowMs, message, { release })
}

/** Outputs after an apply; a sensitive one has no value here. */
export function appliedOutputsEvent(outputs: readonly OutputChange[], nowMs: number): string {
  const current = outputs.filter(({ action }) => action !== 'delete')
  if (current.length === 0) return ''
  const described = current.map(
    ({ name, sensitive, type, after }) => [name, { sensitive, type, ...(sensitive ? {} : { value: after ?? null }) }] as const,
  )
  return event('outputs', `Outputs: ${current.length}`, nowMs, { outputs: Object.fromEntries(described) })
}

function changeSummary(plan: Pick<Plan, 'changes'>, operation: string, nowMs: number, message: string, more: JsonObject = {}): string {
  const { add, change, destroy, import: imported, forget } = countChanges(plan)
  return event('change_summary', message, nowMs, {
    changes: { add, change, import: imported, remove: destroy, forget, operation, ...more },
  })
}

function hookJson(change: Change): JsonObject {
  const version: JsonValue = (change.after ?? change.before)?.version ?? null
  return {
    resource: resourceJson(change.address),
    action: change.action,
    id_key: 'version',
    id_value: version === null ? null : String(version),
  }
}

function resourceJson(address: string): JsonObject {
  const { module_address: module = '', type, name, index } = addressParts(address)
  return {
    addr: address,
    module,
    resource: module === '' ? address : address.slice(`${module}.`.length),
    implied_provider: 'flowrun',
    resource_type: type,
    resource_name: name,
    resource_key: index ?? null,
  }
}
