import { enumerate } from '../base/enumerate.ts'
import type { JsonObject } from '../base/json.ts'
import type { FailedEnvironment, SideBySide } from '../operations/side-by-side.ts'
import { countChanges, type Plan } from '../plan/plan.ts'
import { CHANGE_SIGNS } from './change-sign.ts'
import { versionsText } from './change-text.ts'
import { diagnosticEvents, diagnosticsJson } from './diagnostic-json.ts'
import { event } from './event.ts'
import { jsonDocument } from './json-document.ts'
import { planEvents } from './plan-events.ts'
import { planFields } from './plan-json.ts'
import { code, fittingDetails, lengthOf, MARKDOWN_LENGTH_MAX, type PlanMarkdownOptions, planMarkdown } from './plan-markdown.ts'
import { isEmptyPlan, planTitle } from './plan-text.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'
import { oneLine } from './versions.ts'

/** Several plans as one table: what changes as rows, the environments as columns. */
export function sideBySideText({ plans, failed }: SideBySide, style: Style): string {
  const titles = [
    ...plans.map(plan => `${planTitle(plan, style)}: ${totalsOf(plan)}.`),
    ...failed.map(({ environment }) => `Plan for ${style.paint.address(environment)}: none, for an error.`),
  ]
  const addresses = [...new Set(plans.flatMap(({ changes, obstacles }) => [...changes, ...obstacles].map(({ address }) => address)))]
  if (addresses.length === 0 && plans.every(isEmptyPlan)) {
    const names = enumerate(
      plans.map(({ environment }) => environment),
      'and',
    )
    return `${[...titles, '', `No changes. ${names} ${plans.length === 1 ? 'matches' : 'match'} the configuration.`].join('\n')}\n`
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
export function sideBySideJson({ plans, failed }: SideBySide): string {
  return jsonDocument({ plans: plans.map(planFields), ...(failed.length === 0 ? {} : { failed: failed.map(failedJson) }) })
}

function failedJson({ environment, diagnostics }: FailedEnvironment): JsonObject {
  return { environment, diagnostics: diagnosticsJson(diagnostics) }
}

/** The streams of the plans one after the other, each begun by an event that names its environment. */
export function sideBySideEvents({ plans, failed }: SideBySide, nowMs: number): string {
  const begun = (environment: string) => event('environment', `Plan for ${environment}`, nowMs, { environment })
  return [
    ...plans.map(plan => begun(plan.environment) + planEvents(plan, nowMs)),
    ...failed.map(({ environment, diagnostics }) => begun(environment) + diagnosticEvents(diagnostics, nowMs)),
  ].join('')
}

/** The plans below each other, in what one comment of a pull request holds. */
export function sideBySideMarkdown({ plans, failed }: SideBySide, options: PlanMarkdownOptions = {}): string {
  const lengthMax = Math.floor(MARKDOWN_LENGTH_MAX / (plans.length + failed.length))
  const [project = ''] = plans.map(plan => plan.project)
  return [
    ...plans.map(plan => planMarkdown(plan, { ...options, lengthMax })),
    ...failed.map(failure => failedMarkdown(project, failure, lengthMax)),
  ].join('\n')
}

/** What keeps an environment from being planned: its errors, in one line each. */
function failedMarkdown(project: string, { environment, diagnostics }: FailedEnvironment, lengthMax: number): string {
  const head = [
    `<!-- flowrun-plan ${project} ${oneLine(environment)} -->`,
    `### flowrun plan for ${code(environment)}: none, for an error`,
    '',
  ]
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(error => `- ${error.code}: ${code(error.summary)}`)
  return `${[...head, ...fittingDetails(errors, lengthMax - lengthOf(head))].join('\n').trimEnd()}\n`
}
