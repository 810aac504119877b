import { enumerate } from '../base/enumerate.ts'
import { kindOfAddress } from '../config/address.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { countChanges, heldObstacles, type Obstacle, type Plan } from '../plan/plan.ts'
import type { Release } from '../registry/release.ts'
import { formatAgo, formatCount } from './format-number.ts'

/** Versions that a line names; more are counted. */
const NAMED_MAX = 3

/** What an apply did, in lines: the release, and the holds that `--override-hold` lifted. */
export function appliedText(plan: Plan, release: Release | undefined, overrideHold?: string): string {
  return releasedText(plan, release) + (overrideHold === undefined || release === undefined ? '' : liftedText(plan))
}

/** `Lifted the hold on prompt.answer@8.` */
function liftedText(plan: Plan): string {
  const held = heldObstacles(plan)
  if (held.length === 0) return ''
  if (held.length > NAMED_MAX) return `Lifted ${formatCount(held.length)} holds.\n`
  const names = enumerate(
    held.map(({ address, version }) => `${address}@${version}`),
    'and',
  )
  return `Lifted the ${held.length === 1 ? 'hold' : 'holds'} on ${names}.\n`
}

/** `Apply complete! Release 16 of prod: 1 added, 2 changed, 0 destroyed.` */
export function releasedText(plan: Plan, release: Release | undefined): string {
  const { add, change, destroy, import: imported, move, forget } = countChanges(plan)
  const more = [
    imported > 0 ? `, ${imported} imported` : '',
    move > 0 ? `, ${move} moved` : '',
    forget > 0 ? `, ${forget} forgotten` : '',
  ].join('')
  if (release === undefined) return 'Apply complete! No release was needed; the state was written.\n'
  if (plan.mode === 'destroy')
    return `Destroy complete! Release ${release.number} of ${plan.environment}: ${destroy} destroyed. All versions are kept.\n`
  return `Apply complete! Release ${release.number} of ${plan.environment}: ${add} added, ${change} changed, ${destroy} destroyed${more}.\n`
}

export function approvalQuestion({ mode, environment, base, changes }: Plan): string {
  if (mode === 'destroy') return `Archive all of this in ${environment}, as release ${base.release + 1}?`
  return changes.length === 0 ? `Write the state of ${environment}?` : `Make release ${base.release + 1} of ${environment}?`
}

export function uploadText(done: number, of: number): string {
  return `Uploading contents: ${formatCount(done)} of ${formatCount(of)}`
}

export function interruptedText({
  plan,
  uploaded,
  contents,
}: {
  readonly plan: Plan
  readonly uploaded: number
  readonly contents: number
}): string {
  const { environment, base } = plan
  const at = base.release === 0 ? 'has no release yet' : `is at release ${base.release}`
  const kept =
    contents === 0 ? '' : `${formatCount(uploaded)} of ${formatCount(contents)} contents are uploaded, and the next apply will use them.\n`
  return `\nApply stopped. Nothing was released: ${environment} ${at}.\n${kept}`
}

/** Why a plan may not be applied: one rule says it itself, several are counted. What `--override-hold` lifts is no reason. */
export function refusal(plan: Plan, nowMs: number, overrideHold?: string): Diagnostic {
  const obstacles = plan.obstacles.filter(({ kind }) => kind !== 'held' || overrideHold === undefined)
  const [first, ...others] = obstacles
  if (first !== undefined && others.length === 0) return refusalOf(first, plan, nowMs)
  return {
    code: 'apply/refused',
    severity: 'error',
    summary: `Apply refused for ${obstacles.length} reasons`,
    detail: 'flowrun plan lists them. Nothing was changed.',
    notes: obstacles.map(obstacle => refusalOf(obstacle, plan, nowMs).summary),
  }
}

function refusalOf(obstacle: Obstacle, plan: Plan, nowMs: number): Diagnostic {
  if (obstacle.kind === 'owned-elsewhere') {
    return {
      code: 'apply/owned-elsewhere',
      severity: 'error',
      summary: `${obstacle.address} belongs to another configuration in ${plan.environment}`,
      detail: `Rename the block here, or remove it there: the owner has the lineage ${obstacle.lineage}.\nNothing was changed.`,
    }
  }
  const { address, version, actor, atMs, release, reason } = obstacle
  return {
    code: 'apply/held',
    severity: 'error',
    summary: `${address}@${version} is held in ${plan.environment}`,
    detail:
      `${actor} rolled it back ${formatAgo(atMs, nowMs)}, in release ${release}: "${reason}"\n\n` +
      `Change the ${kindOfAddress(obstacle.address)} (a new version is not held), or release this one on purpose:\n` +
      `  flowrun apply -e ${plan.environment} --override-hold REASON\nNothing was changed.`,
  }
}

/** What moved since a plan was saved (cli.md 3.7). */
export function stalePlan(
  file: string,
  plan: Plan,
  moved: readonly { readonly what: string; readonly text: string }[],
  nowMs: number,
): Diagnostic {
  const width = Math.max(...moved.map(({ what }) => what.length), 12)
  return {
    code: 'apply/stale-plan',
    severity: 'error',
    summary: 'The saved plan is stale',
    detail: [
      `${file} was made ${formatAgo(plan.createdAtMs, nowMs)} for ${plan.environment}, ${plan.base.release === 0 ? 'before its first release' : `against release ${plan.base.release}`}. Since then:`,
      ...moved.map(({ what, text }) => `  ${what.padEnd(width)}  ${text}`),
      `Make the plan again: flowrun plan -e ${plan.environment} -out ${file}`,
      'Nothing was changed.',
    ].join('\n'),
  }
}
