import { createApp } from '../../app.ts'
import { listStateHistory } from '../../operations/state/read.ts'
import { stateHistoryJson, stateHistoryText } from '../../views/state.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class StateHistoryCommand extends BaseCommand {
  static override id = 'state history'
  static override group = 'repair' as const
  static override hidden = true
  static override summary = 'List the earlier states that are kept: when each was written, and whether it is intact'
  static override examples = ['flowrun state history', 'flowrun state history -e prod --json']
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(StateHistoryCommand)
    const found = await listStateHistory(createApp(this.host), this.chosenEnvironment(flags))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({
      text: () => stateHistoryText(found.value, this.terminal.out.style),
      json: () => stateHistoryJson(found.value),
    })
  }
}
