import type { JsonObject } from '../base/json.ts'
import { heldObstacles, type Obstacle, type Plan } from '../plan/plan.ts'
import type { Release } from '../registry/release.ts'
import { diagnosticsJson } from './diagnostic-json.ts'
import { jsonDocument } from './json-document.ts'
import { outputChange, resourceChange, resourceDrift } from './plan-resource.ts'
import { isEmptyPlan } from './plan-text.ts'

/** A plan as one JSON document with Terraform's names; schemas/output/plan.schema.json. */
export function planJson(plan: Plan): string {
  return jsonDocument(planFields(plan))
}

/** What an apply did: its plan, the holds that it lifted, and the release that it made; none when no pointer moved. */
export function appliedJson(plan: Plan, release: Release | undefined, overrideHold?: string): string {
  const lifted = overrideHold === undefined || release === undefined ? [] : heldObstacles(plan)
  return jsonDocument({
    ...planFields(lifted.length === 0 ? plan : { ...plan, obstacles: [] }),
    ...(lifted.length === 0 ? {} : { holds_lifted: lifted.map(obstacleJson) }),
    release: release ? { number: release.number, apply_id: release.applyId, at: new Date(release.createdAtMs).toISOString() } : null,
  })
}

export function planFields(plan: Plan): JsonObject {
  const { base, target, adoptions } = plan
  return {
    project: plan.project,
    environment: plan.environment,
    mode: plan.mode.replace('-', '_'),
    target: { type: target.type },
    base: { release: base.release, state_serial: base.stateSerial },
    timestamp: new Date(plan.createdAtMs).toISOString(),
    ...(plan.selection === undefined ? {} : { selection: { ...plan.selection } }),
    checks: plan.checks.map(({ address, status, messages }) => ({ address, status, messages })),
    change_digest: plan.changeDigest,
    resource_changes: plan.changes.map(resourceChange),
    resource_drift: plan.drift.map(resourceDrift),
    output_changes: Object.fromEntries(plan.outputs.map(output => [output.name, outputChange(output)])),
    adoptions: { converged: adoptions.converged.map(item => ({ ...item })), forgotten: adoptions.forgotten },
    obstacles: plan.obstacles.map(obstacleJson),
    applyable: !isEmptyPlan(plan) && plan.obstacles.length === 0,
    complete: true,
    errored: false,
    diagnostics: diagnosticsJson(plan.warnings),
  }
}

/** What stands in the way, or stood. */
export function obstacleJson(obstacle: Obstacle): JsonObject {
  const { address } = obstacle
  if (obstacle.kind === 'owned-elsewhere') return { kind: 'owned_elsewhere', address, lineage: obstacle.lineage }
  const { version, digest, release, actor, atMs, reason } = obstacle
  return { kind: 'held', address, version, digest, release, actor, at: new Date(atMs).toISOString(), reason }
}
