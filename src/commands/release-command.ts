import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import type { JsonSchema } from '../artifact/json-schema.ts'
import { compact } from '../base/compact.ts'
import { isJsonObject } from '../base/json.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type ApplyOptions, type ApplyResult, type Approval, apply, applySaved, isRefused } from '../operations/apply.ts'
import { readAuthorship, readCommit } from '../operations/authorship.ts'
import { readSavedPlan } from '../operations/saved-plan.ts'
import type { Plan } from '../plan/plan.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import { applyEvents } from '../views/apply-events.ts'
import { appliedText, approvalQuestion, interruptedText, refusal, stalePlan, uploadText } from '../views/apply-text.ts'
import { appliedJson } from '../views/plan-json.ts'
import { planMarkdown } from '../views/plan-markdown.ts'
import { isEmptyPlan, planText } from '../views/plan-text.ts'
import { movedText, recoveredText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { BaseCommand } from './base-command.ts'
import { askForVariables, environmentFlag, paceFlags, planFlags, readPart, readVariables } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { globalFlags, lockFlag, reasonFlag, shown } from './flags.ts'

export const planArgument = { plan: Args.string({ description: 'a plan saved with flowrun plan -out' }) }

/** Flags of `apply`; `destroy` has those of them that make sense when everything goes. */
export const releaseFlags = {
  ...environmentFlag,
  ...planFlags,
  ...shown('What to show', 'format', 'json', 'also', 'no-color'),
  ...shown('How', 'yes', 'ask'),
  message: Flags.string({
    helpGroup: 'How',
    helpValue: 'TEXT',
    summary: 'recorded with the release (default: the subject of the last commit)',
  }),
  'override-hold': reasonFlag({ helpGroup: 'How', summary: 'publish what somebody rolled back; audited' }),
  'accept-registry': reasonFlag({
    helpGroup: 'How',
    summary: 'go on with another registry, or a restored one; audited',
  }),
  'allow-protected': Flags.boolean({ helpGroup: 'How', summary: 'destroy in an environment with protected = true' }),
  ...paceFlags,
  lock: lockFlag,
}

/** What `apply` and `destroy` share: a plan, a question, one release. */
export abstract class ReleaseCommand extends BaseCommand {
  static override formats = ['text', 'json', 'jsonl', 'markdown'] as const
  static override streamsJson = true
  static override group = 'deploy' as const

  /** `destroy` always plans to archive everything. */
  protected abstract readonly alwaysDestroys: boolean

  #shownPlan = false

  async run(): Promise<ExitCode> {
    const { flags, args, raw } = await this.parse({ baseFlags: globalFlags, flags: releaseFlags, args: planArgument })
    const app = createApp(this.host)
    const options: Omit<ApplyOptions, 'answers'> = {
      ...(flags.environment ? { environment: flags.environment } : {}),
      variables: readVariables(raw),
      canAsk: this.terminal.canAsk && !this.forMachine,
      authorship: {
        ...readAuthorship(this.host.workingFolder(), flags.message),
        ...compact({ overrideHold: flags['override-hold'] }),
      },
      ...readPart({ ...flags, destroy: flags.destroy || this.alwaysDestroys }),
      ...compact({ acceptRegistry: flags['accept-registry'] }),
      allowProtected: flags['allow-protected'],
      lock: flags.lock,
      ...this.locking(flags['lock-timeout']),
      approve: (made, moved, recovered) => this.#approve(made, moved, recovered, flags),
      onUploaded: (done, of) => this.progress(uploadText(done, of)),
    }
    const saved =
      args.plan === undefined ? undefined : readSavedPlan({ path: resolve(this.host.workingFolder(), args.plan), name: args.plan })
    if (saved) requireSameAsSaved(saved, raw, flags)
    const result = saved
      ? await applySaved(app, { ...options, plan: saved })
      : await askForVariables(
          question => this.ask(question),
          answers => apply(app, { ...options, answers }),
        )
    this.progress('')
    return this.#conclude(result, args.plan, flags['override-hold'])
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
      readonly 'override-hold'?: string | undefined
    },
  ): Promise<Approval> {
    const nowMs = this.host.clock.now()
    if (!this.#shownPlan) {
      this.tell(recoveredText(recovered, nowMs))
      this.report(made.warnings, { compactWarnings: flags['compact-warnings'] })
    }
    if (moved) this.tell(movedText(made, moved, nowMs))
    if (!this.forMachine) {
      const text = planText(made, this.terminal.out.style, {
        nowMs,
        concise: flags.concise || moved !== undefined,
        verbose: flags.verbose,
        withoutObstacles: true,
        ...compact({ overrideHold: flags['override-hold'] }),
      })
      this.print(text)
    }
    this.#shownPlan = true
    if (isEmptyPlan(made) || isRefused(made, compact({ overrideHold: flags['override-hold'] }))) return 'yes'
    const where = flags.environment ? ` -e ${flags.environment}` : ''
    const approved = await this.approves(approvalQuestion(made), {
      summary: `${this.alwaysDestroys ? 'Destroy' : 'Apply'} needs an approval, and nobody can be asked here`,
      detail: `Approve beforehand: flowrun ${this.id}${where} --yes\nOr what a person has read: flowrun plan${made.mode === 'destroy' ? ' -destroy' : ''}${where} -out release.plan, then flowrun apply release.plan\nNothing was changed.`,
    })
    if (!approved) return 'no'
    return flags.yes ? 'unattended' : 'yes'
  }

  #conclude(result: ApplyResult, file: string | undefined, overrideHold: string | undefined): ExitCode {
    switch (result.outcome) {
      case 'applied':
        this.present(this.#views(result.plan, result, overrideHold))
        this.#suggestRun(result.plan)
        return exitCodes.done
      case 'nothing-to-do':
        return this.present(this.#views(result.plan, result, overrideHold))
      case 'declined':
        this.note(`${this.alwaysDestroys ? 'Destroy' : 'Apply'} cancelled. Nothing was changed.\n`)
        return this.interruptedCode ?? exitCodes.error
      case 'refused':
        if (this.#shownPlan) this.note('\n')
        this.showFailure(refusal(result.plan, this.host.clock.now(), overrideHold))
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

  #views(made: Plan, result: Extract<ApplyResult, { outcome: 'applied' | 'nothing-to-do' }>, overrideHold: string | undefined) {
    const release = result.outcome === 'applied' ? result.release : undefined
    return {
      text: () => (result.outcome === 'applied' ? appliedText(made, release, overrideHold) : ''),
      json: () => appliedJson(made, release, overrideHold),
      jsonl: () => applyEvents(made, release, this.host.clock.now(), overrideHold),
      markdown: () => planMarkdown(made, { commit: readCommit(this.host.workingFolder()), applied: { release, overrideHold } }),
    }
  }

  #suggestRun(made: Plan): void {
    const prompt = made.changes.find(change => change.kind === 'prompt' && change.action === 'create')
    if (prompt?.after?.artifact.kind !== 'prompt' || made.base.release > 0) return
    this.next(`flowrun run ${shellWord(prompt.address)} -e ${made.environment}${inputToGive(prompt.after.artifact.spec.input)}`)
  }
}

/** Flags with a value that say what is planned; a saved plan has said it. */
const PLANNING = ['target', 'exclude', 'replace', 'var', 'var-file', 'accept-registry']
const PLANNING_SWITCHES = ['destroy', 'refresh-only', 'strict'] as const

interface PlanningSwitches extends Readonly<Record<(typeof PLANNING_SWITCHES)[number], boolean>> {
  readonly refresh: boolean
}

/** @throws OperationError cli/conflicting-flags */
function requireSameAsSaved(
  { environment }: Plan,
  given: readonly { readonly flag?: string; readonly input: string }[],
  switches: PlanningSwitches,
): void {
  const valued = given.find(({ flag = '', input }) => PLANNING.includes(flag) || (flag === 'environment' && input !== environment))
  const other = valued?.flag ?? PLANNING_SWITCHES.find(name => switches[name]) ?? (switches.refresh ? undefined : 'refresh=false')
  if (other === undefined) return
  throw new OperationError({
    code: 'cli/conflicting-flags',
    summary: `A saved plan and --${other} exclude each other`,
    detail: `The plan says what is applied, in ${environment}. For something else make another one: flowrun plan -out FILE\nNothing was changed.`,
  })
}

/** The flags for what has no default: text by field, anything else as JSON. */
function inputToGive({ properties = {}, required = [] }: JsonSchema = {}): string {
  const fields = Array.isArray(required) ? required.map(String) : []
  const isText = (name: string) => isJsonObject(properties) && isJsonObject(properties[name]) && properties[name].type === 'string'
  return fields.every(isText) ? fields.map(name => ` --field ${name}="…"`).join('') : ' --input @FILE'
}
