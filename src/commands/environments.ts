import { createApp } from '../app.ts'
import { readEnvironments } from '../operations/environments.ts'
import { environmentsJson, environmentsText } from '../views/environments.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Environments extends BaseCommand {
  static override id = 'environments'
  static override group = 'look' as const
  static override summary = 'List the environments: where each is, its release, drift, and who holds its lock'
  static override description = 'Reads every declared environment. One that cannot be read says so in its row.'
  static override examples = ['flowrun environments', 'flowrun environments --json']
  static override flags = shown('What to show', 'json')

  async run(): Promise<ExitCode> {
    await this.parse(Environments)
    const found = await readEnvironments(createApp(this.host))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => environmentsText(found.value, this.terminal.out.style), json: () => environmentsJson(found.value) })
  }
}
