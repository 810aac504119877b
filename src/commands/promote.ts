import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { compact } from '../base/compact.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readAuthorship } from '../operations/authorship.ts'
import { isRefused } from '../operations/pointer-release.ts'
import { type PromoteResult, promote } from '../operations/promote.ts'
import type { PointerPlan } from '../plan/pointer-plan.ts'
import type { ReleaseWithChanges } from '../registry/release.ts'
import { promotedText, promoteText } from '../views/pointer-plan.ts'
import { pointerPlanJson } from '../views/pointer-plan-json.ts'
import { pointerRefusal } from '../views/pointer-refusal.ts'
import { movedText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import { paceFlags, readVariables } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { lockFlag, reasonFlag, shown } from './flags.ts'

const WHAT = 'What to promote'
const HOW = 'How'

export default class Promote extends BaseCommand {
  static override id = 'promote'
  static override group = 'deploy' as const
  static override brief = 'take versions from one environment to another'
  static override summary = 'Take versions from one environment to another, as one release'
  static override description =
    'All that is active, or ADDRESS with all that it refers to. Nothing is compiled: what was compiled with a variable that has another value there is refused. Archives nothing.'
  static override examples = [
    'flowrun promote --from dev --to prod',
    'flowrun promote prompt.answer --from dev --to prod --dry-run',
    'flowrun promote --from dev --to prod --yes -message "Short steps, with sources"',
  ]
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined, 3 refused by a hold or an interface, 130 interrupted.'
  static override args = { address: Args.string({ multiple: true, description: 'prompt.NAME; everything when left out' }) }
  static override flags = {
    from: Flags.string({ helpGroup: WHAT, helpValue: 'ENV', summary: 'where the versions are taken from' }),
    to: Flags.string({ helpGroup: WHAT, helpValue: 'ENV', summary: 'where they are brought to' }),
    'dry-run': Flags.boolean({ helpGroup: WHAT, summary: 'only show it' }),
    var: Flags.string({ helpGroup: HOW, helpValue: "'NAME=VALUE'", summary: 'a value that the target is applied with', multiple: true }),
    'var-file': Flags.string({ helpGroup: HOW, helpValue: 'FILE', summary: 'such values from a file', multiple: true }),
    message: Flags.string({
      helpGroup: HOW,
      helpValue: 'TEXT',
      summary: 'recorded with the release (default: the subject of the last commit)',
    }),
    'override-hold': reasonFlag({ helpGroup: HOW, summary: 'promote what somebody rolled back; audited' }),
    'lock-timeout': paceFlags['lock-timeout'],
    lock: lockFlag,
    ...shown(HOW, 'yes', 'ask', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { argv, flags, raw } = await this.parse(Promote)
    const addresses = argv.map(word => checkAddress(String(word), { haveVersion: false }))
    const [from, to] = [requireEnvironment('--from', flags.from), requireEnvironment('--to', flags.to)]
    const locking = this.locking(flags['lock-timeout'])
    const { actor, message } = readAuthorship(this.host.workingFolder(), flags.message)
    const command = commandText(addresses, from, to)
    const reasons = compact({ overrideHold: flags['override-hold'] })
    const found = await promote(createApp(this.host), {
      from,
      to,
      addresses,
      variables: readVariables(raw),
      dryRun: flags['dry-run'],
      actor,
      reason: message,
      ...reasons,
      ...locking,
      lock: flags.lock,
      approve: async (plan, moved) => {
        this.#show(plan, moved)
        if (plan.moves.length === 0 || isRefused(plan, reasons) || !(await this.#approves(plan, command))) return 'no'
        return flags.yes ? 'unattended' : 'yes'
      },
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.#conclude(found.value, command, reasons.overrideHold !== undefined)
  }

  #show(plan: PointerPlan, moved: readonly ReleaseWithChanges[] | undefined): void {
    if (moved) this.note(movedText({ environment: plan.environment, base: { release: plan.base } }, moved, this.host.clock.now()))
    if (!this.forMachine) this.print(promoteText(plan, this.terminal.out.style))
  }

  #approves({ environment, base }: PointerPlan, command: string): Promise<boolean> {
    return this.approves(`Make release ${base + 1} of ${environment}?`, {
      summary: 'A promote needs an approval, and nobody can be asked here',
      detail: `Approve beforehand: ${command} --yes\nNothing was changed.`,
    })
  }

  #conclude(result: PromoteResult, command: string, overridesHolds: boolean): ExitCode {
    const { plan } = result
    switch (result.outcome) {
      case 'released':
        return this.present({ text: () => promotedText(plan, result.release), json: () => pointerPlanJson(plan, result.release) })
      case 'planned':
        return this.present({ text: () => promoteText(plan, this.terminal.out.style), json: () => pointerPlanJson(plan, undefined) })
      case 'nothing-to-do':
        return this.present({ text: () => '', json: () => pointerPlanJson(plan, undefined) })
      case 'refused':
        this.note('\n')
        this.showFailure(pointerRefusal(plan, { command, nowMs: this.host.clock.now(), overridesHolds }))
        return exitCodes.refused
      case 'declined':
        this.note('Promote cancelled. Nothing was changed.\n')
        return this.interruptedCode ?? exitCodes.error
      case 'interrupted':
        this.note('Promote stopped. Nothing was changed.\n')
        return this.interruptedCode ?? exitCodes.interrupted
    }
  }
}

/** @throws OperationError cli/missing-argument */
function requireEnvironment(flag: string, given: string | undefined): string {
  if (given !== undefined) return given
  throw new OperationError({
    code: 'cli/missing-argument',
    summary: `promote needs ${flag} ENV`,
    detail: 'Both ends are named: flowrun promote --from dev --to prod',
  })
}

/** What was typed, without how it was approved. */
function commandText(addresses: readonly string[], from: string, to: string): string {
  return ['flowrun promote', ...addresses.map(shellWord), `--from ${shellWord(from)}`, `--to ${shellWord(to)}`].join(' ')
}
