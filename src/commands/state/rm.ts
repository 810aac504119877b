import * as Args from '@oclif/core/args'
import { removeFromState } from '../../operations/state/remove.ts'
import type { ExitCode } from '../exit-codes.ts'
import { StateChangeCommand, stateChangeFlags } from './change-command.ts'

export default class StateRemove extends StateChangeCommand {
  static override id = 'state rm'
  static override summary = 'Give up blocks: they stay active, and this configuration owns them no more'
  static override description =
    'ADDRESS may be a pattern in which * stands for anything and ? for one character: quote it for the shell. A block that the configuration still has is adopted again by the next apply.'
  static override examples = ['flowrun state rm prompt.answer', "flowrun state rm 'prompt.draft-*' -dry-run"]
  static override args = { address: Args.string({ required: true, multiple: true }) }
  static override flags = stateChangeFlags

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StateRemove)
    return this.change(flags, '', (host, options) => removeFromState(host, options, args.address))
  }
}
