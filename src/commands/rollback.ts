import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { compact } from '../base/compact.ts'
import { userName } from '../base/user.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { RunRecord } from '../engine/durable/record-store.ts'
import { isRefused, type PointerReleaseResult } from '../operations/pointer-release.ts'
import { leftDigests, type RollbackGoal, rollback } from '../operations/rollback.ts'
import { RUN_ACTIONS, type RunAction, settlePinnedRuns } from '../operations/runs/pinned.ts'
import type { PointerPlan } from '../plan/pointer-plan.ts'
import type { Release } from '../registry/release.ts'
import { afterRollback, rollbackText, rolledBackText, settledText } from '../views/pointer-plan.ts'
import { pointerPlanJson } from '../views/pointer-plan-json.ts'
import { pointerRefusal } from '../views/pointer-refusal.ts'
import { movedText } from '../views/recovered.ts'
import { shellWord } from '../views/shell-word.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import { paceFlags, readDuration } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { lockFlag, reasonFlag, shown } from './flags.ts'

const WHERE = 'Where to'
const HOW = 'How'

export default class Rollback extends BaseCommand {
  static override id = 'rollback'
  static override group = 'deploy' as const
  static override brief = 'move one pointer, or a whole release, back, and hold what it leaves'
  static override summary = 'Move one pointer, or a whole release, back, and hold what it leaves'
  static override description =
    'With ADDRESS to the version before, without it to the release before. What it leaves is held: no apply publishes it again by itself. Asks first. The configuration need not be valid.'
  static override examples = [
    'flowrun rollback prompt.answer -e prod --reason "answers twice as long"',
    'flowrun rollback prompt.answer --to 5 -e prod --reason "the last good one"',
    'flowrun rollback prompt.answer --runs pause -e prod --reason "wrong refunds"',
    'flowrun rollback --to-release 14 -e prod --reason "timeouts since noon"',
  ]
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined, 3 refused by a hold or an interface, 130 interrupted.'
  static override args = { address: Args.string({ description: 'prompt.NAME; the whole release when left out' }) }
  static override flags = {
    to: Flags.integer({ helpGroup: WHERE, helpValue: 'N', summary: 'this version of ADDRESS (default: the one before)', min: 1 }),
    'to-release': Flags.integer({ helpGroup: WHERE, helpValue: 'N', summary: 'all pointers as this release had them', min: 1 }),
    'with-dependents': Flags.boolean({ helpGroup: WHERE, summary: 'also what would not fit any more, to where both agreed' }),
    ...shown(WHERE, 'environment'),
    reason: reasonFlag({
      helpGroup: HOW,
      helpValue: 'TEXT',
      summary: 'recorded with the release and its holds; asked for when left out',
    }),
    runs: Flags.option({
      helpGroup: HOW,
      helpValue: 'ACTION',
      summary: 'runs in flight on what it leaves: keep, pause, cancel',
      options: RUN_ACTIONS,
      default: 'keep' as const,
    })(),
    'no-hold': Flags.boolean({ helpGroup: HOW, summary: 'hold nothing: the next apply may publish it again' }),
    'override-hold': reasonFlag({ helpGroup: HOW, summary: 'go to a version that is held; audited' }),
    'force-incompatible': reasonFlag({ helpGroup: HOW, summary: 'leave references that do not fit; audited' }),
    'lock-timeout': paceFlags['lock-timeout'],
    lock: lockFlag,
    ...shown(HOW, 'yes', 'ask', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Rollback)
    const address = args.address === undefined ? undefined : checkAddress(args.address, { haveVersion: false })
    const goal = readGoal(address, flags)
    readDuration('lock-timeout', flags['lock-timeout'])
    const command = commandText(address, flags)
    const reason = flags.reason ?? (await this.#askForReason(command))
    if (reason === undefined) return this.interruptedCode ?? exitCodes.error
    const reasons = compact({ overrideHold: flags['override-hold'], forceIncompatible: flags['force-incompatible'] })
    const found = await rollback(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      goal,
      actor: userName(),
      reason,
      placesHolds: !flags['no-hold'],
      withDependents: flags['with-dependents'],
      runs: flags.runs,
      ...reasons,
      ...this.locking(flags['lock-timeout']),
      lock: flags.lock,
      approve: async (plan, moved) => {
        if (moved) this.note(movedText({ environment: plan.environment, base: { release: plan.base } }, moved, this.host.clock.now()))
        if (!this.forMachine) this.print(rollbackText(plan, flags.runs, this.terminal.out.style))
        if (isRefused(plan, reasons) || !(await this.#approves(plan, command))) return 'no'
        return flags.yes ? 'unattended' : 'yes'
      },
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const result = found.value
    const runs = result.outcome === 'released' ? await this.#settleRuns(result.plan, flags.runs) : []
    return this.#conclude(result, { command, overridesHolds: reasons.overrideHold !== undefined, action: flags.runs, runs })
  }

  /** The release stands, whatever comes of the runs. @returns undefined: it failed, and is told behind the result. */
  async #settleRuns({ environment, moves }: PointerPlan, action: RunAction): Promise<readonly RunRecord[] | undefined> {
    if (action === 'keep') return []
    const left = moves.flatMap(({ address, before }) => (before ? [`${address}@${before.version}`] : []))
    try {
      const settled = await settlePinnedRuns(createApp(this.host), {
        ...{ environment, action, digests: leftDigests(moves) },
        because: left.length === 1 ? `${left[0]} was rolled back` : `${environment} was rolled back`,
        onWarning: text => this.note(`Warning: ${text}.\n`),
      })
      return settled.outcome === 'found' ? settled.value : undefined
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      this.failLate(error)
      return undefined
    }
  }

  /** undefined: nobody gave one. */
  async #askForReason(command: string): Promise<string | undefined> {
    if (!this.terminal.canAsk || this.forMachine) {
      throw new OperationError({
        code: 'cli/needs-reason',
        summary: 'A rollback needs a reason, and nobody can be asked here',
        detail: `It is shown to whoever would publish again what is held:\n  ${command} --reason TEXT\nNothing was changed.`,
      })
    }
    const answer = (await this.ask('Why? It is shown to whoever would publish it again: '))?.trim()
    if (answer) return answer
    this.note('A rollback needs a reason. Nothing was changed.\n')
    return undefined
  }

  #approves({ environment, base }: PointerPlan, command: string): Promise<boolean> {
    return this.approves(`Make release ${base + 1} of ${environment}?`, {
      summary: 'A rollback needs an approval, and nobody can be asked here',
      detail: `Approve beforehand: ${command} --reason TEXT --yes\nNothing was changed.`,
    })
  }

  #conclude(result: PointerReleaseResult, { command, overridesHolds, action, runs }: Ending): ExitCode {
    const { plan } = result
    const json = (release: Release | undefined) => pointerPlanJson(plan, release, { action, runs: runs ?? [] })
    switch (result.outcome) {
      case 'released':
        this.present({
          text: () => rolledBackText(plan, result.release) + (runs ? settledText(action, runs) : ''),
          json: () => json(result.release),
        })
        this.note(afterRollback(plan))
        return exitCodes.done
      case 'refused':
        this.note('\n')
        this.showFailure(pointerRefusal(plan, { command, nowMs: this.host.clock.now(), overridesHolds }))
        return exitCodes.refused
      case 'declined':
        this.note('Rollback cancelled. Nothing was changed.\n')
        return this.interruptedCode ?? exitCodes.error
      case 'interrupted':
        this.note('Rollback stopped. Nothing was changed.\n')
        return this.interruptedCode ?? exitCodes.interrupted
      case 'nothing-to-do':
        return this.present({ text: () => '', json: () => json(undefined) })
    }
  }
}

interface Ending {
  readonly command: string
  readonly overridesHolds: boolean
  readonly action: RunAction
  /** As the rollback left them; undefined: nobody can tell. */
  readonly runs: readonly RunRecord[] | undefined
}

interface GoalFlags {
  readonly to?: number | undefined
  readonly 'to-release'?: number | undefined
}

interface TypedFlags extends GoalFlags {
  readonly 'with-dependents': boolean
  readonly 'no-hold': boolean
  readonly runs: RunAction
  readonly environment?: string | undefined
}

/** @throws OperationError cli/conflicting-flags, cli/missing-argument */
function readGoal(address: string | undefined, { to, 'to-release': release }: GoalFlags): RollbackGoal {
  if (address === undefined) {
    if (to === undefined) return { kind: 'release', ...(release === undefined ? {} : { number: release }) }
    throw new OperationError({
      code: 'cli/missing-argument',
      summary: '--to names a version, and needs ADDRESS',
      detail: `Write flowrun rollback ADDRESS --to ${to}. A whole release is named by --to-release ${to}. Nothing was changed.`,
    })
  }
  if (release === undefined) return { kind: 'version', address, ...(to === undefined ? {} : { number: to }) }
  throw new OperationError({
    code: 'cli/conflicting-flags',
    summary: 'ADDRESS and --to-release exclude each other',
    detail: `--to-release moves all pointers. For ${address} alone name its version: --to N. Nothing was changed.`,
  })
}

/** What was typed, without how it was approved. */
function commandText(address: string | undefined, flags: TypedFlags): string {
  const { to, 'to-release': release, environment } = flags
  return [
    'flowrun rollback',
    ...(address === undefined ? [] : [shellWord(address)]),
    ...(to === undefined ? [] : [`--to ${to}`]),
    ...(release === undefined ? [] : [`--to-release ${release}`]),
    ...(flags['with-dependents'] ? ['--with-dependents'] : []),
    ...(flags['no-hold'] ? ['--no-hold'] : []),
    ...(flags.runs === 'keep' ? [] : [`--runs ${flags.runs}`]),
    ...(environment === undefined ? [] : [`-e ${shellWord(environment)}`]),
  ].join(' ')
}
