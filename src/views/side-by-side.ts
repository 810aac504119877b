import { enumerate } from '../base/enumerate.ts'
import { countChanges, type Plan } from '../plan/plan.ts'
import { CHANGE_SIGNS } from './change-sign.ts'
import { versionsText } from './change-text.ts'
import { event } from './event.ts'
import { jsonDocument } from './json-document.ts'
import { planEvents } from './plan-events.ts'
import { planFields } from './plan-json.ts'
import { MARKDOWN_LENGTH_MAX, type PlanMarkdownOptions, planMarkdown } from './plan-markdown.ts'
import { isEmptyPlan, planTitle } from './plan-text.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'

/** Several plans as one table: what changes as rows, the environments as columns. */
export function sideBySideText(plans: readonly Plan[], style: Style): string {
  const titles = plans.map(plan => `${planTitle(plan, style)}: ${totalsOf(plan)}.`)
  const addresses = [...new Set(plans.flatMap(({ changes, obstacles }) => [...changes, ...obstacles].map(({ address }) => address)))]
  if (addresses.length === 0 && plans.every(isEmptyPlan)) {
    const names = enumerate(
      plans.map(({ environment }) => environment),
      'and',
    )
    return `${[...titles, '', `No changes. ${names} match the configuration.`].join('\n')}\n`
  }
  const columns = [{ title: 'block' }, ...plans.map(({ environment }) => ({ title: environment }))]
  const rows = addresses.map(address => [address, ...plans.map(plan => cellOf(plan, address, style))])
  const table = addresses.length === 0 ? [] : ['', ...tableLines(columns, rows, style)]
  return `${[...titles, ...table, '', 'Each in full: flowrun plan -e NAME'].join('\n')}\n`
}

/** `~ @7 → @8`, `held`; empty where nothing happens to the block. */
function cellOf({ changes, obstacles }: Plan, address: string, style: Style): string {
  const obstacle = obstacles.find(found => found.address === address)
  if (obstacle) return obstacle.kind === 'held' ? `held @${obstacle.version}` : 'owned elsewhere'
  const change = changes.find(found => found.address === address)
  if (change === undefined) return ''
  return `${CHANGE_SIGNS[change.action]} ${versionsText(change.before?.version, change.after?.version, style)}`
}

/** `1 to add, 2 to change, 0 to destroy; 1 drifted; apply would be refused` */
function totalsOf(plan: Plan): string {
  const { add, change, destroy } = countChanges(plan)
  const counts = plan.changes.length === 0 ? 'no changes' : `${add} to add, ${change} to change, ${destroy} to destroy`
  return [
    counts,
    ...(plan.drift.length === 0 ? [] : [`${plan.drift.length} drifted`]),
    ...(plan.obstacles.length === 0 ? [] : ['apply would be refused']),
  ].join('; ')
}

/** One document with a plan for each environment; schemas/output/plans.schema.json. */
export function sideBySideJson(plans: readonly Plan[]): string {
  return jsonDocument({ plans: plans.map(planFields) })
}

/** The streams of the plans one after the other, each begun by an event that names its environment. */
export function sideBySideEvents(plans: readonly Plan[], nowMs: number): string {
  return plans
    .map(plan => event('environment', `Plan for ${plan.environment}`, nowMs, { environment: plan.environment }) + planEvents(plan, nowMs))
    .join('')
}

/** The plans below each other, in what one comment of a pull request holds. */
export function sideBySideMarkdown(plans: readonly Plan[], options: PlanMarkdownOptions = {}): string {
  const lengthMax = Math.floor(MARKDOWN_LENGTH_MAX / plans.length)
  return plans.map(plan => planMarkdown(plan, { ...options, lengthMax })).join('\n')
}
