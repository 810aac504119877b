import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import type { JsonSchema } from '../artifact/json-schema.ts'
import { isJsonObject } from '../base/json.ts'
import { parseDuration } from '../config/decode/literal.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type ApplyOptions, type ApplyResult, type Approval, apply, applySaved } from '../operations/apply.ts'
import { readAuthorship } from '../operations/authorship.ts'
import { readSavedPlan } from '../operations/saved-plan.ts'
import type { Plan } from '../plan/plan.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import { applyEvents } from '../views/apply-events.ts'
import { appliedText, interruptedText, refusal, stalePlan, uploadText } from '../views/apply-text.ts'
import { appliedJson } from '../views/plan-json.ts'
import { isEmptyPlan, planText } from '../views/plan-text.ts'
import { lockText, movedText, recoveredText, takeoverText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { BaseCommand } from './base-command.ts'
import { askForVariables, environmentFlag, planFlags, readVariables } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Apply extends BaseCommand {
  static override id = 'apply'
  static override group = 'deploy' as const
  static override brief = 'make a release of it'
  static override summary = 'Make a release of the configuration, or of a saved plan'
  static override description = 'Without PLAN it plans, shows the plan, and asks. With PLAN it does exactly that, and asks nothing.'
  static override formats = ['text', 'json', 'jsonl'] as const
  static override streamsJson = true
  static override examples = ['flowrun apply', 'flowrun apply -e prod --yes -message "Shorter answers"', 'flowrun apply release.plan']
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined, 3 refused by a hold, 130 interrupted.'
  static override args = { plan: Args.string({ description: 'a plan saved with flowrun plan -out' }) }
  static override flags = {
    ...environmentFlag,
    ...planFlags,
    ...shown('What to show', 'format', 'json', 'no-color'),
    ...shown('How', 'yes', 'ask'),
    message: Flags.string({
      helpGroup: 'How',
      helpValue: 'TEXT',
      summary: 'recorded with the release (default: the subject of the last commit)',
    }),
    'override-hold': Flags.string({ helpGroup: 'How', helpValue: 'REASON', summary: 'publish what somebody rolled back; audited' }),
    'lock-timeout': Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'how long to wait for the lock', default: '20s' }),
  }

  #shownPlan = false

  async run(): Promise<ExitCode> {
    const { flags, args, raw } = await this.parse(Apply)
    const app = createApp(this.host)
    const options: Omit<ApplyOptions, 'answers'> = {
      ...(flags.environment ? { environment: flags.environment } : {}),
      variables: readVariables(raw),
      canAsk: this.terminal.canAsk && !this.forMachine,
      authorship: {
        ...readAuthorship(this.host.workingFolder(), flags.message),
        ...(flags['override-hold'] ? { overrideHold: flags['override-hold'] } : {}),
      },
      lockTimeoutMs: readDuration(flags['lock-timeout']),
      signal: this.interruption(),
      approve: (made, moved, recovered) => this.#approve(made, moved, recovered, flags),
      onWaitingForLock: by => this.note(lockText(by, flags['lock-timeout'])),
      onTookOver: from => this.note(takeoverText(from)),
      onUploaded: (done, of) => this.progress(uploadText(done, of)),
    }
    const saved =
      args.plan === undefined ? undefined : readSavedPlan({ path: resolve(this.host.workingFolder(), args.plan), name: args.plan })
    const result = saved
      ? await applySaved(app, { ...options, plan: saved })
      : await askForVariables(
          question => this.ask(question),
          answers => apply(app, { ...options, answers }),
        )
    this.progress('')
    return this.#conclude(result, args.plan)
  }

  async #approve(
    made: Plan,
    moved: readonly ReleaseWithChanges[] | undefined,
    recovered: readonly ReleaseWithChanges[],
    flags: {
      readonly concise: boolean
      readonly verbose: boolean
      readonly yes: boolean
      readonly environment?: string | undefined
      readonly 'compact-warnings': boolean
    },
  ): Promise<Approval> {
    const nowMs = this.host.clock.now()
    if (!this.#shownPlan) {
      this.note(recoveredText(recovered, nowMs))
      this.report(made.warnings, { compactWarnings: flags['compact-warnings'] })
    }
    if (moved) this.note(movedText(made, moved, nowMs))
    if (!this.forMachine) {
      const text = planText(made, this.terminal.out.style, {
        nowMs,
        concise: flags.concise || moved !== undefined,
        verbose: flags.verbose,
        withoutObstacles: true,
      })
      this.print(text)
    }
    this.#shownPlan = true
    if (isEmptyPlan(made) || made.obstacles.length > 0) return 'yes'
    const where = flags.environment ? ` -e ${flags.environment}` : ''
    const approved = await this.approves(`Make release ${made.base.release + 1} of ${made.environment}?`, {
      summary: 'Apply needs an approval, and nobody can be asked here',
      detail: `Approve beforehand: flowrun apply${where} --yes\nOr what a person has read: flowrun plan${where} -out release.plan, then flowrun apply release.plan\nNothing was changed.`,
    })
    if (!approved) return 'no'
    return flags.yes ? 'unattended' : 'yes'
  }

  #conclude(result: ApplyResult, file: string | undefined): ExitCode {
    switch (result.outcome) {
      case 'applied':
        this.present(this.#views(result.plan, result))
        this.#suggestRun(result.plan)
        return exitCodes.done
      case 'nothing-to-do':
        return this.present(this.#views(result.plan, result))
      case 'declined':
        this.note('Apply cancelled. Nothing was changed.\n')
        return this.interruptedCode ?? exitCodes.error
      case 'refused':
        this.showFailure(refusal(result.plan, this.host.clock.now()))
        return exitCodes.refused
      case 'interrupted':
        this.note(interruptedText(result))
        return this.interruptedCode ?? exitCodes.interrupted
      case 'stale':
        this.showFailure(stalePlan(file ?? 'The plan', result.plan, result.moved, this.host.clock.now()))
        return exitCodes.error
      case 'ask':
        return this.interruptedCode ?? exitCodes.error
      case 'invalid':
        return this.report(result.diagnostics)
    }
  }

  #views(made: Plan, result: Extract<ApplyResult, { outcome: 'applied' | 'nothing-to-do' }>) {
    const release = result.outcome === 'applied' ? result.release : undefined
    return {
      text: () => (result.outcome === 'applied' ? appliedText(made, release) : ''),
      json: () => appliedJson(made, release),
      jsonl: () => applyEvents(made, release, this.host.clock.now()),
    }
  }

  #suggestRun(made: Plan): void {
    const prompt = made.changes.find(change => change.kind === 'prompt' && change.action === 'create')
    if (prompt?.after?.artifact.kind !== 'prompt' || made.base.release > 0) return
    this.next(`flowrun run ${shellWord(prompt.address)} -e ${made.environment}${inputToGive(prompt.after.artifact.spec.input)}`)
  }
}

/** The flags for what has no default: text by field, anything else as JSON. */
function inputToGive({ properties = {}, required = [] }: JsonSchema = {}): string {
  const fields = Array.isArray(required) ? required.map(String) : []
  const isText = (name: string) => isJsonObject(properties) && isJsonObject(properties[name]) && properties[name].type === 'string'
  return fields.every(isText) ? fields.map(name => ` --field ${name}="…"`).join('') : ' --input @FILE'
}

function readDuration(text: string): number {
  const parsed = parseDuration(text)
  if (parsed.ok) return parsed.value
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--lock-timeout cannot be "${text}"`,
    detail: 'Write a time with its unit: 20s.',
  })
}
