import { createApp } from '../../app.ts'
import { pullState } from '../../operations/state/read.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class StatePull extends BaseCommand {
  static override id = 'state pull'
  static override group = 'repair' as const
  static override hidden = true
  static override summary = 'Print the state as JSON, as flowrun state push takes it'
  static override description =
    'It holds addresses, versions and digests, and no prompt and no secret. One that is encrypted at rest is printed as plain text.'
  static override examples = ['flowrun state pull > backup.json', 'flowrun state pull -e prod | jq .serial']
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(StatePull)
    const found = await pullState(createApp(this.host), this.chosenEnvironment(flags))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => found.value, json: () => found.value })
  }
}
