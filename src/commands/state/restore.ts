import * as Args from '@oclif/core/args'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { restoreState } from '../../operations/state/restore.ts'
import type { ExitCode } from '../exit-codes.ts'
import { StateChangeCommand, stateChangeFlags } from './change-command.ts'

export default class StateRestore extends StateChangeCommand {
  static override id = 'state restore'
  static override summary = 'Go back to an earlier state, also from one that cannot be read'
  static override description =
    'The snapshot is written under the next serial. What was released since is not undone: the next plan finds it and adopts it.'
  static override examples = ['flowrun state restore 40', 'flowrun state restore 40 -dry-run']
  static override args = { serial: Args.string({ required: true }) }
  static override flags = stateChangeFlags

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StateRestore)
    const serial = readSerial(args.serial)
    const headline = flags['dry-run'] ? `Would restore serial ${serial}` : `Restored serial ${serial}`
    return this.change(flags, headline, (host, options) => restoreState(host, options, serial))
  }
}

function readSerial(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new OperationError({
    code: 'cli/bad-argument',
    summary: `SERIAL cannot be "${text}"`,
    detail: 'It is a number of flowrun state history.',
  })
}
