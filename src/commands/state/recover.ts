import * as Flags from '@oclif/core/flags'
import { recoverState } from '../../operations/state/recover.ts'
import type { ExitCode } from '../exit-codes.ts'
import { StateChangeCommand, stateChangeFlags } from './change-command.ts'

export default class StateRecover extends StateChangeCommand {
  static override id = 'state recover'
  static override summary = 'Rebuild the state from the releases that the registry has'
  static override description =
    'For a state that is lost or damaged where no snapshot is intact. Which blocks are owned, and in which versions, follows from the releases of the lineage; outputs come back with the next apply.'
  static override examples = ['flowrun state recover', 'flowrun state recover --lineage 01KAJ5R3ZX8M4D6V0T2N7QWERT']
  static override flags = {
    lineage: Flags.string({
      helpGroup: 'How',
      helpValue: 'LINEAGE',
      summary: 'whose state, where several configurations share the environment',
    }),
    ...stateChangeFlags,
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(StateRecover)
    const headline = flags['dry-run'] ? 'Would rebuild the state from the registry' : 'Rebuilt the state from the registry'
    const { lineage } = flags
    return this.change(flags, headline, (host, options) =>
      recoverState(host, { ...options, ...(lineage === undefined ? {} : { lineage }) }),
    )
  }
}
