import * as Args from '@oclif/core/args'
import { moveInState } from '../../operations/state/move.ts'
import { checkAddress } from '../address.ts'
import type { ExitCode } from '../exit-codes.ts'
import { StateChangeCommand, stateChangeFlags } from './change-command.ts'

export default class StateMove extends StateChangeCommand {
  static override id = 'state mv'
  static override summary = 'Rename a block in state and registry, with its versions, history and holds'
  static override description =
    'Rename the block in the configuration as well. Where other blocks refer to it, write moved { from = … to = … } and apply instead: they are compiled anew in the same release.'
  static override examples = ['flowrun state mv prompt.reply prompt.answer', 'flowrun state mv prompt.reply prompt.answer -dry-run']
  static override args = { from: Args.string({ required: true }), to: Args.string({ required: true }) }
  static override flags = stateChangeFlags

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StateMove)
    const [from, to] = [checkAddress(args.from, { haveVersion: false }), checkAddress(args.to, { haveVersion: false })]
    return this.change(flags, '', (host, options) => moveInState(host, options, from, to))
  }
}
