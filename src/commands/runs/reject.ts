import { OperationError } from '../../diagnostics/operation-error.ts'
import { DECISION_ARGUMENTS, DecisionCommand } from '../decision-command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { reasonFlag, shown } from '../flags.ts'

export default class RunsReject extends DecisionCommand {
  static override id = 'runs reject'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Reject what a run waits for: shows it, then asks'
  static override description = 'The decision holds for exactly what is shown. NODE is needed where a run waits for more than one.'
  static override examples = ['flowrun runs reject RTQ0 --reason "paid out already"']
  static override args = DECISION_ARGUMENTS
  static override flags = {
    reason: reasonFlag({ helpGroup: 'How', summary: 'why: kept with the decision; asked for in a terminal' }),
    ...shown('How', 'environment', 'yes', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsReject)
    const reason = flags.reason ?? (await this.#askForReason(args.run))
    if (reason === undefined) return exitCodes.error
    return this.decide({ ...args, verb: 'Reject', done: 'Rejected', action: 'reject', reason }, flags)
  }

  async #askForReason(run: string): Promise<string | undefined> {
    if (!this.terminal.canAsk || this.forMachine) {
      throw new OperationError({
        code: 'cli/needs-reason',
        summary: 'A rejection needs a reason, and nobody can be asked here',
        detail: `It is kept with the decision:\n  flowrun runs reject ${run} --reason TEXT\nNothing was decided.`,
      })
    }
    const answer = (await this.ask('Why? It is kept with the decision: '))?.trim()
    if (answer) return answer
    this.note('A rejection needs a reason. Nothing was decided.\n')
    return undefined
  }
}
