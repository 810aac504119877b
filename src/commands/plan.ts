import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readCommit } from '../operations/authorship.ts'
import { plan } from '../operations/plan.ts'
import { savePlan } from '../operations/saved-plan.ts'
import { planSideBySide, type SideBySideResult } from '../operations/side-by-side.ts'
import type { Plan } from '../plan/plan.ts'
import { logEvent } from '../views/event.ts'
import { planEvents } from '../views/plan-events.ts'
import { planJson } from '../views/plan-json.ts'
import { planMarkdown } from '../views/plan-markdown.ts'
import { hasChanges, isEmptyPlan, planText } from '../views/plan-text.ts'
import { killedText, recoveredText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { sideBySideEvents, sideBySideJson, sideBySideMarkdown, sideBySideText } from '../views/side-by-side.ts'
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
    'flowrun plan -e dev,prod',
  ]
  static override exitCodes =
    'Exit codes: 0 done, 1 error, 2 changes (--detailed-exitcode), 130 interrupted.\nA plan that apply would refuse (hold, gate) exits 0 and says so.'
  static override flags = {
    environment: { ...environmentFlag.environment, summary: 'environment; several by comma are shown side by side' },
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
    const environments = readEnvironments(flags.environment)
    if (environments.length > 1) {
      if (flags.out !== undefined) throw forOneEnvironment('out', environments)
      if (name !== undefined) throw forOneEnvironment('generate-config-out', environments)
      return this.#sideBySide(
        answers => planSideBySide(app, environments, { variables: readVariables(raw), answers, ...part, canAsk: this.#canAsk }),
        { compactWarnings: flags['compact-warnings'], detailedExitCode: flags['detailed-exitcode'] },
      )
    }
    const result = await askForVariables(
      question => this.terminal.ask(question),
      answers =>
        plan(app, {
          ...this.chosenEnvironment(flags),
          variables: readVariables(raw),
          answers,
          ...part,
          ...(generated === undefined ? {} : { generate: generated }),
          canAsk: this.#canAsk,
        }),
    )
    if (result.outcome === 'invalid') return this.report(result.diagnostics, { compactWarnings: flags['compact-warnings'] })
    if (result.outcome === 'ask') return exitCodes.error
    const note = recoveredText(result.recovered, this.host.clock.now()) || killedText(result.killed, this.host.clock.now())
    this.note(note)
    this.report(result.plan.warnings, { compactWarnings: flags['compact-warnings'] })
    if (flags.out !== undefined) savePlan(result.plan, { path: resolve(this.host.workingFolder(), flags.out), name: flags.out })
    const exitCode = flags['detailed-exitcode'] && hasChanges(result.plan) ? exitCodes.changes : exitCodes.done
    const shownWith = { nowMs: this.host.clock.now(), concise: flags.concise, verbose: flags.verbose }
    this.present(
      {
        text: () => planText(result.plan, this.terminal.out.style, shownWith),
        json: () => planJson(result.plan),
        jsonl: () => logEvent(note, this.host.clock.now()) + planEvents(result.plan, this.host.clock.now()),
        markdown: () => planMarkdown(result.plan, { commit: readCommit(this.host.workingFolder()) }),
      },
      exitCode,
    )
    if (flags.out !== undefined) this.note(`Saved the plan to ${flags.out}\n`)
    const { variables } = result.plan.inputs
    // Those without a digest are sensitive.
    this.#suggest(
      result.plan,
      flags.out,
      repeatedFlags(raw, flags, name => name in variables),
    )
    return exitCode
  }

  get #canAsk(): boolean {
    return this.terminal.canAsk && !this.forMachine
  }

  async #sideBySide(
    work: (answers: Readonly<Record<string, string>>) => Promise<SideBySideResult>,
    options: { readonly compactWarnings: boolean; readonly detailedExitCode: boolean },
  ): Promise<ExitCode> {
    const result = await askForVariables(question => this.terminal.ask(question), work)
    if (result.outcome === 'invalid') return this.report(result.diagnostics, options)
    if (result.outcome === 'ask') return exitCodes.error
    this.report(result.warnings, options)
    const exitCode = this.present(
      {
        text: () => sideBySideText(result, this.terminal.out.style),
        json: () => sideBySideJson(result),
        jsonl: () => sideBySideEvents(result, this.host.clock.now()),
        markdown: () => sideBySideMarkdown(result, { commit: readCommit(this.host.workingFolder()) }),
      },
      options.detailedExitCode && result.plans.some(hasChanges) ? exitCodes.changes : exitCodes.done,
    )
    if (result.failed.length === 0) return exitCode
    // Every form of a machine has them in it.
    if (!this.forMachine) {
      this.note('\n')
      this.report(result.errors, options)
    }
    return exitCodes.error
  }

  #suggest(made: Plan, file: string | undefined, flags: string): void {
    if (isEmptyPlan(made) || made.obstacles.length > 0) return
    this.next(file === undefined ? `flowrun apply${flags}` : `flowrun apply ${shellWord(file)}`)
  }
}

/** `-e dev,prod`. @throws OperationError cli/bad-flag-value */
function readEnvironments(text: string | undefined): readonly string[] {
  const names = (text ?? '').split(',')
  if (names.length === 1 || names.every(name => name !== '')) return names
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--environment cannot be "${text}"`,
    detail: 'Several environments stand with commas between them, and no blanks: -e dev,prod.',
  })
}

function forOneEnvironment(flag: string, environments: readonly string[]): OperationError {
  return new OperationError({
    code: 'cli/conflicting-flags',
    summary: `-${flag} takes one environment, and -e names ${environments.length}`,
    detail: `Side by side, plans are only shown. For one of them: flowrun plan -e ${environments[0]} -${flag} FILE. Nothing was changed.`,
  })
}
