import * as Args from '@oclif/core/args'
import { importVersion } from '../operations/import.ts'
import { checkAddress } from './address.ts'
import type { ExitCode } from './exit-codes.ts'
import { reasonFlag } from './flags.ts'
import { StateChangeCommand, stateChangeFlags } from './state/change-command.ts'

export default class Import extends StateChangeCommand {
  static override id = 'import'
  static override hidden = false
  static override brief = 'take over a version that the registry already has'
  static override summary = 'Take over a version that the registry already has'
  static override description =
    'ADDRESS is owned by this configuration from now on, and VERSION is active there. VERSION may be of another address: its content is then published here too. Write the block first, or the next plan archives it. An import block in the configuration does the same, with a plan.'
  static override examples = [
    'flowrun import prompt.answer prompt.answer@7',
    'flowrun import prompt.answer prompt.reply@5 -dry-run',
    'flowrun import prompt.answer prompt.answer@7 --take-over "the team moved here"',
  ]
  static override args = {
    address: Args.string({ required: true, description: 'the block that owns it from now on' }),
    version: Args.string({ required: true, description: 'a version: prompt.reply@5' }),
  }
  static override flags = {
    ...stateChangeFlags,
    'take-over': reasonFlag({ helpGroup: 'How', summary: 'also from another configuration; recorded' }),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Import)
    const takeOver = flags['take-over']
    return this.change(flags, '', (host, options) =>
      importVersion(
        host,
        { ...options, ...(takeOver === undefined ? {} : { takeOver }) },
        checkAddress(args.address, { haveVersion: false }),
        checkAddress(args.version, { haveVersion: true }),
      ),
    )
  }
}
