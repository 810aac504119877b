import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { plan } from '../operations/plan.ts'
import { savePlan } from '../operations/saved-plan.ts'
import type { Plan } from '../plan/plan.ts'
import { planEvents } from '../views/plan-events.ts'
import { planJson } from '../views/plan-json.ts'
import { planMarkdown } from '../views/plan-markdown.ts'
import { hasChanges, isEmptyPlan, planText } from '../views/plan-text.ts'
import { killedText, recoveredText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { BaseCommand } from './base-command.ts'
import {
  askForVariables,
  environmentFlag,
  paceFlags,
  planFlags,
  readDuration,
  readPart,
  readVariables,
  repeatedFlags,
} from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class PlanCommand extends BaseCommand {
  static override id = 'plan'
  static override group = 'deploy' as const
  static override brief = 'show what apply would change, and what it would cost'
  static override summary = 'Show what apply would change, what it would cost, and what would stop it'
  static override description =
    'Compares the configuration with the state and the registry. Changes nothing, takes no lock, makes no paid call.'
  static override formats = ['text', 'json', 'jsonl', 'markdown'] as const
  static override streamsJson = true
  static override examples = [
    'flowrun plan',
    'flowrun plan -e prod -out release.plan && flowrun apply release.plan',
    'flowrun plan -e prod --format markdown > plan.md',
  ]
  static override exitCodes =
    'Exit codes: 0 done, 1 error, 2 changes (--detailed-exitcode), 130 interrupted.\nA plan that apply would refuse (hold, gate) exits 0 and says so.'
  static override flags = {
    ...environmentFlag,
    ...planFlags,
    ...paceFlags,
    ...shown('What to show', 'format', 'json', 'also', 'no-color'),
    'generate-config-out': Flags.string({
      helpGroup: 'What to plan',
      helpValue: 'FILE',
      summary: 'write blocks for `import` blocks that lack one',
    }),
    out: Flags.string({ helpGroup: 'How', helpValue: 'FILE', summary: 'save the plan; apply FILE does exactly this' }),
    'detailed-exitcode': Flags.boolean({ helpGroup: 'How', summary: '0 no changes, 1 error, 2 changes' }),
    ...shown('How', 'ask'),
  }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(PlanCommand)
    const app = createApp(this.host)
    const part = readPart(flags)
    const name = flags['generate-config-out']
    const generated = name === undefined ? undefined : { path: resolve(this.host.workingFolder(), name), name }
    readDuration('lock-timeout', flags['lock-timeout'])
    const result = await askForVariables(
      question => this.terminal.ask(question),
      answers =>
        plan(app, {
          ...this.chosenEnvironment(flags),
          variables: readVariables(raw),
          answers,
          ...part,
          ...(generated === undefined ? {} : { generate: generated }),
          canAsk: this.terminal.canAsk && !this.forMachine,
        }),
    )
    if (result.outcome === 'invalid') return this.report(result.diagnostics, { compactWarnings: flags['compact-warnings'] })
    if (result.outcome === 'ask') return exitCodes.error
    this.note(recoveredText(result.recovered, this.host.clock.now()) || killedText(result.killed, this.host.clock.now()))
    this.report(result.plan.warnings, { compactWarnings: flags['compact-warnings'] })
    if (flags.out !== undefined) savePlan(result.plan, { path: resolve(this.host.workingFolder(), flags.out), name: flags.out })
    const exitCode = flags['detailed-exitcode'] && hasChanges(result.plan) ? exitCodes.changes : exitCodes.done
    const shownWith = { nowMs: this.host.clock.now(), concise: flags.concise, verbose: flags.verbose }
    this.present(
      {
        text: () => planText(result.plan, this.terminal.out.style, shownWith),
        json: () => planJson(result.plan),
        jsonl: () => planEvents(result.plan, this.host.clock.now()),
        markdown: () => planMarkdown(result.plan),
      },
      exitCode,
    )
    if (flags.out !== undefined) this.note(`Saved the plan to ${flags.out}\n`)
    this.#suggest(result.plan, flags.out, repeatedFlags(raw, flags))
    return exitCode
  }

  #suggest(made: Plan, file: string | undefined, flags: string): void {
    if (isEmptyPlan(made) || made.obstacles.length > 0) return
    this.next(file === undefined ? `flowrun apply${flags}` : `flowrun apply ${shellWord(file)}`)
  }
}
