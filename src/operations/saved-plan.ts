import { readFileSync, writeFileSync } from 'node:fs'
import { systemErrorSentence } from '../base/system-error.ts'
import { flowrunVersion } from '../base/version.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { Plan } from '../plan/plan.ts'
import { decodePlan, encodePlan } from '../plan/plan-file.ts'

/** A plan in a file: its path, and the name that a person gave it. */
export interface PlanFile {
  readonly path: string
  readonly name: string
}

/** Writes the file for its owner alone: a plan holds prompts. @throws OperationError cli/cannot-write */
export function savePlan(plan: Plan, { path, name }: PlanFile): void {
  try {
    writeFileSync(path, encodePlan(plan, flowrunVersion), { mode: 0o600 })
  } catch (error) {
    throw new OperationError(
      { code: 'cli/cannot-write', summary: `${name} cannot be written`, detail: `${systemErrorSentence(error)} Nothing was changed.` },
      { cause: error },
    )
  }
}

/** @throws OperationError plan/not-a-plan, plan/other-version */
export function readSavedPlan({ path, name }: PlanFile): Plan {
  return decodePlan(textOf({ path, name }), name, flowrunVersion)
}

function textOf({ path, name }: PlanFile): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new OperationError(
      {
        code: 'plan/not-a-plan',
        summary: `"${name}" cannot be read`,
        detail: `${systemErrorSentence(error)} A plan is saved with flowrun plan -out FILE. Nothing was changed.`,
      },
      { cause: error },
    )
  }
}
