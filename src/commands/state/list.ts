import * as Args from '@oclif/core/args'
import { createApp } from '../../app.ts'
import { listState } from '../../operations/state/read.ts'
import { stateListJson, stateListText } from '../../views/state.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class StateListCommand extends BaseCommand {
  static override id = 'state list'
  static override group = 'repair' as const
  static override hidden = true
  static override summary = 'List what this configuration owns in an environment'
  static override description =
    'GLOB is an address, or a pattern in which * stands for anything and ? for one character: quote it for the shell.'
  static override examples = ['flowrun state list', "flowrun state list 'prompt.*' -e prod"]
  static override args = { glob: Args.string() }
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(StateListCommand)
    const found = await listState(createApp(this.host), this.chosenEnvironment(flags), args.glob)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => stateListText(found.value), json: () => stateListJson(found.value) })
  }
}
