import * as Args from '@oclif/core/args'
import { createApp } from '../../app.ts'
import { showInState } from '../../operations/state/read.ts'
import { shownBlockJson, shownBlockText } from '../../views/state.ts'
import { checkAddress } from '../address.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class StateShow extends BaseCommand {
  static override id = 'state show'
  static override group = 'repair' as const
  static override hidden = true
  static override summary = 'Show what the state has of one block, and what is active there'
  static override examples = ['flowrun state show prompt.answer', 'flowrun state show \'prompt.greet["de"]\' --json']
  static override args = { address: Args.string({ required: true }) }
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StateShow)
    const address = checkAddress(args.address, { haveVersion: false })
    const found = await showInState(createApp(this.host), this.chosenEnvironment(flags), address)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => shownBlockText(found.value), json: () => shownBlockJson(found.value) })
  }
}
