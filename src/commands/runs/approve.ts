import * as Flags from '@oclif/core/flags'
import { DECISION_ARGUMENTS, DecisionCommand } from '../decision-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class RunsApprove extends DecisionCommand {
  static override id = 'runs approve'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Approve what a run waits for: shows it, then asks'
  static override description = 'The decision holds for exactly what is shown. NODE is needed where a run waits for more than one.'
  static override examples = ['flowrun runs approve RTQ0', `flowrun runs approve @last release --input '{"amount": 900}' --yes`]
  static override args = DECISION_ARGUMENTS
  static override flags = {
    input: Flags.string({ helpGroup: 'How', helpValue: 'JSON', summary: 'fields that are changed, where they may be' }),
    reason: Flags.string({ helpGroup: 'How', helpValue: 'TEXT', summary: 'kept with the decision' }),
    action: Flags.string({ helpGroup: 'How', helpValue: 'NAME', summary: 'another action than approve', default: 'approve' }),
    ...shown('How', 'environment', 'yes', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsApprove)
    const { input, reason, action } = flags
    const words = action === 'approve' ? { verb: 'Approve', done: 'Approved' } : { verb: `Decide "${action}" on`, done: 'Decided' }
    return this.decide({ ...args, ...words, action, input, reason }, flags)
  }
}
