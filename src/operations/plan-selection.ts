import type { Configuration } from '../config/configuration.ts'
import type { Report } from '../diagnostics/report.ts'
import type { PlanMode, PlanSelection } from '../plan/plan.ts'
import { matches, type Selection, select } from '../plan/selection.ts'
import type { Standing } from '../plan/standing.ts'
import type { PlanView } from '../plan/view.ts'

/** The standings that `-target` and `-exclude` leave; a pattern that fits nothing is an error. */
export function selectStandings(
  all: readonly Standing[],
  { blocks }: Configuration,
  { selection, mode }: { readonly selection?: Selection; readonly mode?: PlanMode },
  report: Report,
): { readonly covered: readonly Standing[]; readonly selection?: PlanSelection } {
  if (selection === undefined) return { covered: all }
  const known = [...new Set([...blocks.map(({ address }) => address), ...all.map(({ address }) => address)])]
  const { addresses, unmatched } = select(selection, known, blocks, { destroy: mode === 'destroy' })
  for (const { pattern, suggestions } of unmatched) {
    report.error({
      code: 'plan/no-such-address',
      summary: `Nothing here has the address ${pattern}`,
      detail: 'Name a block of the configuration or of the state, or a pattern of such: prompt.*, module.kb.',
      ...(suggestions.length > 0 ? { suggestions } : {}),
    })
  }
  if (addresses === undefined) return { covered: all }
  const covered = all.filter(({ address }) => addresses.has(address))
  return { covered, selection: { covered: covered.length, of: all.length } }
}

/** `-replace` is for what has a content outside of the registry: everything else is addressed by its digest. */
export function reportReplacements(patterns: readonly string[], { blocks }: Configuration, report: Report): void {
  for (const pattern of patterns) {
    const found = blocks.filter(({ address }) => matches(pattern, address))
    report.error({
      code: found.length === 0 ? 'plan/no-such-address' : 'plan/nothing-to-replace',
      summary: found.length === 0 ? `Nothing here has the address ${pattern}` : `${pattern} has nothing outside to build again`,
      detail:
        'Providers, models and prompts are their artifacts: the same content has the same digest, and a new version comes from a change. ' +
        'Only what keeps a content outside, an index or a dataset, can be replaced.',
    })
  }
}

/** `-strict`: checks that only warned stop the plan. */
export function reportFailedChecks({ checks }: Configuration, report: Report): void {
  const failed = checks.filter(({ status }) => status === 'fail' || status === 'error')
  if (failed.length === 0) return
  report.error({
    code: 'plan/checks-failed',
    summary: `${failed.length === 1 ? 'A check does' : `${failed.length} checks do`} not hold: ${failed.map(({ address }) => address).join(', ')}`,
    detail: 'With -strict that is an error. Without it, the plan goes on and warns.',
  })
}

export function reportBlockedMoves({ blocked }: PlanView, report: Report): void {
  for (const { from, to, range } of blocked) {
    report.warning({
      code: 'plan/move-blocked',
      summary: `${from} cannot be moved to ${to}, where something else is active`,
      detail: `${from} will be archived, and ${to} goes on as it is. Its versions stay: flowrun versions ${from}`,
      subject: range,
      where: 'in moved',
    })
  }
}
