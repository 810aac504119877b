import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type CostsOptions, readBudgets, readCosts, readEstimatedCosts, USAGE_KEYS } from '../operations/costs.ts'
import { budgetsJson, budgetsText, costsJson, costsText, estimatedJson, estimatedText } from '../views/costs.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'
import { readSince } from './since.ts'

const WHAT = 'What to show'

export default class Costs extends BaseCommand {
  static override id = 'costs'
  static override group = 'operate' as const
  static override brief = 'what was spent, by model, flow, environment, day'
  static override summary = 'Show what calls cost, by model, flow, prompt, environment, day or tenant'
  static override description =
    'Calls of this folder are counted, of the working copy and of what is deployed. A cost is what the provider reported; without a report it is the most that the call can have cost.'
  static override examples = [
    'flowrun costs --by model --since 7d',
    'flowrun costs --by day,flow -e prod --json',
    'flowrun costs --budgets',
    'flowrun costs --estimated',
  ]
  static override flags = {
    by: Flags.string({
      helpGroup: WHAT,
      helpValue: 'KEYS',
      summary: 'model, flow, prompt, environment, day, tenant, or several',
      default: 'model',
    }),
    since: Flags.string({ helpGroup: WHAT, helpValue: 'TIME', summary: 'from then on: 7d, 2026-11-14', default: '7d' }),
    until: Flags.string({ helpGroup: WHAT, helpValue: 'TIME', summary: 'up to then; up to now without it' }),
    budgets: Flags.boolean({ helpGroup: WHAT, summary: 'how budgets stand: limits, spent, when they start again' }),
    estimated: Flags.boolean({ helpGroup: WHAT, summary: 'only calls whose cost nobody reported, one by one', exclusive: ['budgets'] }),
    ...shown(WHAT, 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Costs)
    const host = createApp(this.host)
    const { style } = this.terminal.out
    const nowMs = this.host.clock.now()
    const chosen = this.chosenEnvironment(flags)
    if (flags.budgets) {
      const found = await readBudgets(host, chosen)
      if (found.outcome === 'invalid') return this.report(found.diagnostics)
      return this.present({ text: () => budgetsText(found.value, style), json: () => budgetsJson(found.value) })
    }
    const by = readKeys(flags.by)
    const options: CostsOptions = {
      ...chosen,
      sinceMs: readSince(flags.since, nowMs),
      // What is being recorded now counts.
      untilMs: flags.until === undefined ? nowMs + 1 : readSince(flags.until, nowMs, 'until'),
    }
    if (flags.estimated) {
      const found = await readEstimatedCosts(host, options)
      if (found.outcome === 'invalid') return this.report(found.diagnostics)
      return this.present({ text: () => estimatedText(found.value, style), json: () => estimatedJson(found.value) })
    }
    const found = await readCosts(host, options, by)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => costsText(found.value, style), json: () => costsJson(found.value) })
  }
}

/** `day,flow`. @throws OperationError cli/bad-flag-value */
function readKeys(text: string): readonly (typeof USAGE_KEYS)[number][] {
  const keys = [...new Set(text.split(',').map(word => word.trim()))]
  return keys.map(word => {
    const known = USAGE_KEYS.find(key => key === word)
    if (known !== undefined) return known
    const suggestions = suggest(word, USAGE_KEYS)
    throw new OperationError({
      code: 'cli/bad-flag-value',
      summary: `--by cannot be "${word}"`,
      detail: `Costs are summed by ${USAGE_KEYS.join(', ')}; several with commas between them.`,
      ...(suggestions.length > 0 ? { suggestions } : {}),
    })
  })
}
