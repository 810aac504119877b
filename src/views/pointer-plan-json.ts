import type { JsonObject, JsonValue } from '../base/json.ts'
import type { RunRecord } from '../engine/durable/record-store.ts'
import type { RunAction } from '../operations/runs/pinned.ts'
import type { HeldVersion, PointerMove, PointerPlan } from '../plan/pointer-plan.ts'
import type { PointedVersion } from '../registry/pointer.ts'
import type { Release } from '../registry/release.ts'
import { jsonDocument } from './json-document.ts'
import { addressParts } from './plan-resource.ts'

/** Runs in flight on what a rollback has left, and what became of them (HOLD-9). */
export interface SettledRuns {
  readonly action: RunAction
  readonly runs: readonly Pick<RunRecord, 'id' | 'flow' | 'state'>[]
}

/** What a rollback or a promote did, or would do: `release` is null where none was made. schemas/output/rollback.schema.json */
export function pointerPlanJson(plan: PointerPlan, release: Release | undefined, settled?: SettledRuns): string {
  const { environment, base, restores, source } = plan
  return jsonDocument({
    environment,
    base: { release: base },
    ...(source
      ? { source: { environment: source.environment, release: source.release }, same: source.same, copied: source.copied }
      : { restores: restores ?? null }),
    change_digest: plan.changeDigest,
    resource_changes: plan.moves.map(moveJson),
    held: plan.held.map(heldJson),
    obstacles: plan.obstacles.map(({ hold, ...target }) => ({
      kind: 'held',
      ...heldJson(target),
      release: hold.rollback,
      actor: hold.actor,
      at: new Date(hold.createdAtMs).toISOString(),
      reason: hold.reason,
    })),
    broken_references: plan.broken.map(({ address, version, target, targetVersion }) => ({
      address,
      version,
      target,
      target_version: targetVersion,
    })),
    ...(settled
      ? {
          runs: {
            action: settled.action,
            in_flight: plan.inFlight ?? null,
            settled: settled.runs.map(({ id, flow, state }) => ({ id, flow, state })),
          },
        }
      : {}),
    release: release ? { number: release.number, apply_id: release.applyId, at: new Date(release.createdAtMs).toISOString() } : null,
  })
}

function heldJson({ address, version, digest }: HeldVersion): JsonObject {
  return { address, version, digest }
}

function moveJson({ address, before, after, usedBy, numberedThere }: PointerMove): JsonObject {
  const action = before === null ? 'create' : after === null ? 'delete' : 'update'
  return {
    address,
    mode: 'managed',
    ...addressParts(address),
    change: { actions: [action], before: pointedJson(before), after: pointedJson(after) },
    used_by: usedBy,
    ...(numberedThere === undefined ? {} : { source_version: numberedThere }),
  }
}

function pointedJson(pointed: PointedVersion | null): JsonValue {
  return pointed && { version: pointed.version, digest: pointed.digest }
}
