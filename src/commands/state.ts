import { createApp } from '../app.ts'
import { listState } from '../operations/state/read.ts'
import { stateListJson, stateListText } from '../views/state.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class State extends BaseCommand {
  static override id = 'state'
  static override group = 'repair' as const
  static override brief = 'list, show, mv, rm, pull, push, history, restore, recover'
  static override summary = 'List what this configuration owns in an environment, and repair it'
  static override description = 'Alone it is state list.'
  static override examples = ['flowrun state', 'flowrun state mv prompt.reply prompt.answer', 'flowrun state restore 40']
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(State)
    const found = await listState(createApp(this.host), this.chosenEnvironment(flags), undefined)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => stateListText(found.value), json: () => stateListJson(found.value) })
  }
}
