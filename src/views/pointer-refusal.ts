import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { HeldTarget, PointerPlan } from '../plan/pointer-plan.ts'
import type { BrokenReference } from '../registry/release.ts'
import { formatAgo } from './format-number.ts'

/** Lines of a list before it is cut. */
const LISTED_MAX = 10

export interface RefusalContext {
  /** What was typed, as it can be typed again: a flag that lets it through is added to it. */
  readonly command: string
  readonly nowMs: number
  /** `--override-hold` was given: holds are no obstacle. */
  readonly overridesHolds: boolean
}

/** Why a rollback or a promote is refused: what leads nowhere, then holds, then what does not fit. */
export function pointerRefusal(plan: PointerPlan, context: RefusalContext): Diagnostic {
  const dangling = plan.broken.filter(({ targetVersion }) => targetVersion === null)
  if (dangling.length > 0) return danglingRefusal(dangling, plan, context)
  const [held] = plan.obstacles
  if (held && !context.overridesHolds) return heldRefusal(held, plan, context)
  return incompatibleRefusal(plan, context)
}

function heldRefusal(first: HeldTarget, { environment, obstacles, kind }: PointerPlan, { command, nowMs }: RefusalContext): Diagnostic {
  const way = kind === 'rollback' ? 'Go back to another version' : 'Promote another version (a new one is not held)'
  const [one, ...others] = obstacles
  const told = ({ hold }: HeldTarget) =>
    `${hold.actor} rolled it back ${formatAgo(hold.createdAtMs, nowMs)}, in release ${hold.rollback}: ${JSON.stringify(hold.reason)}`
  const list = obstacles.map(target => `  ${target.address}@${target.version}: ${told(target)}`)
  return {
    code: 'apply/held',
    severity: 'error',
    summary:
      one && others.length === 0
        ? `${first.address}@${first.version} is held in ${environment}`
        : `${obstacles.length} versions are held in ${environment}`,
    detail:
      `${others.length === 0 ? told(first) : cut(list).join('\n')}\n\n${way}, or release this one on purpose:\n` +
      `  ${command} --override-hold REASON\nNothing was changed.`,
  }
}

function danglingRefusal(broken: readonly BrokenReference[], { environment, kind }: PointerPlan, { command }: RefusalContext): Diagnostic {
  const way = kind === 'rollback' ? `Take it along, to where both last were:\n  ${command} --with-dependents\n` : ''
  return {
    code: 'release/dangling-reference',
    severity: 'error',
    summary: `${broken[0]?.address} would refer to ${broken[0]?.target}, which would have no version in ${environment}`,
    detail: `${cut(broken.map(brokenLine)).join('\n')}\n\n${way}Nothing was changed.`,
  }
}

function incompatibleRefusal({ environment, kind, broken }: PointerPlan, { command }: RefusalContext): Diagnostic {
  const way =
    kind === 'rollback'
      ? `Take the other end along, to where both last agreed, or leave it as it is on purpose:\n  ${command} --with-dependents\n  ${command} --force-incompatible REASON\n`
      : `Promote both ends together, or apply the configuration: flowrun plan -e ${environment}\n`
  return {
    code: 'release/incompatible',
    severity: 'error',
    summary: `${broken[0]?.address} would not fit ${broken[0]?.target} in ${environment}`,
    detail: `${cut(broken.map(brokenLine)).join('\n')}\n\nThey were never compiled against each other. ${way}Nothing was changed.`,
  }
}

function brokenLine({ address, version, target, targetVersion }: BrokenReference): string {
  return `  ${address}@${version} refers to ${target}${targetVersion === null ? '' : `@${targetVersion}`}`
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length <= LISTED_MAX ? lines : [...lines.slice(0, LISTED_MAX), `  and ${lines.length - LISTED_MAX} more`]
}
