import { digestOf } from '../base/digest.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Plan } from './plan.ts'

export const PLAN_FORMAT = 'flowrun.plan/1'

/** A saved plan: apply does exactly this, once. It holds artifacts, and no secrets or sensitive values. */
interface StoredPlan {
  readonly format: string
  readonly flowrun_version: string
  readonly digest: string
  readonly plan: Plan
}

/** The text of a plan file. Warnings were shown when it was made, and are left out. */
export function encodePlan(plan: Plan, flowrunVersion: string): string {
  const stored = { ...plan, warnings: [] }
  const digest = digestOf(asJson(stored))
  return `${JSON.stringify({ format: PLAN_FORMAT, flowrun_version: flowrunVersion, digest, plan: stored })}\n`
}

/**
 * Reads a plan file.
 *
 * @param name as the person wrote it.
 * @throws OperationError `plan/not-a-plan`, `plan/altered`, `plan/other-version`.
 */
export function decodePlan(text: string, name: string, flowrunVersion: string): Plan {
  const stored = parse(text)
  if (!isStoredPlan(stored)) {
    throw new OperationError({
      code: 'plan/not-a-plan',
      summary: `${name} is not a saved plan`,
      detail: 'A plan is saved with flowrun plan -out FILE. Nothing was changed.',
    })
  }
  if (minor(stored.flowrun_version) !== minor(flowrunVersion) || stored.format !== PLAN_FORMAT) {
    throw new OperationError({
      code: 'plan/other-version',
      summary: `${name} was made by flowrun ${stored.flowrun_version}, and this is ${flowrunVersion}`,
      detail: 'A plan is applied by the minor version that made it. Make the plan again. Nothing was changed.',
    })
  }
  if (digestOf(asJson(stored.plan)) !== stored.digest) {
    throw new OperationError({
      code: 'plan/altered',
      summary: `${name} was changed after it was saved`,
      detail: 'Its content does not match its digest. Make the plan again. Nothing was changed.',
    })
  }
  return stored.plan
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The digest says that flowrun wrote the rest. */
function isStoredPlan(value: unknown): value is StoredPlan {
  return (
    isJsonObject(value) &&
    typeof value.format === 'string' &&
    value.format.startsWith('flowrun.plan/') &&
    typeof value.flowrun_version === 'string' &&
    isJsonObject(value.plan)
  )
}

function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** An interface has no index signature, so the compiler cannot see that a plan is JSON; a round trip drops absent keys. */
function asJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value))
}
