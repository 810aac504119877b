import * as Flags from '@oclif/core/flags'
import { DECISION_ARGUMENTS, DecisionCommand } from '../decision-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class RunsReject extends DecisionCommand {
  static override id = 'runs reject'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Reject what a run waits for: shows it, then asks'
  static override description = 'The decision holds for exactly what is shown. NODE is needed where a run waits for more than one.'
  static override examples = ['flowrun runs reject RTQ0 --reason "paid out already"']
  static override args = DECISION_ARGUMENTS
  static override flags = {
    reason: Flags.string({ helpGroup: 'How', helpValue: 'TEXT', summary: 'why: kept with the decision', required: true }),
    ...shown('How', 'environment', 'yes', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsReject)
    return this.decide({ ...args, verb: 'Reject', done: 'Rejected', action: 'reject', reason: flags.reason }, flags)
  }
}
