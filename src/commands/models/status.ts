import { createApp } from '../../app.ts'
import { readModelsStatus } from '../../operations/models-status.ts'
import { modelsStatusJson, modelsStatusText } from '../../views/models-status.ts'
import { BaseCommand } from '../base-command.ts'
import { readVariables, variableFlags } from '../configuration-flags.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class ModelsStatusCommand extends BaseCommand {
  static override id = 'models status'
  static override group = 'look' as const
  static override hidden = true
  static override summary = 'Show the circuit breakers and the rate limits of models as they are now'
  static override description =
    'Of all processes of this project on this machine, or of all that share a Redis (cache "redis" in the environment). Calls no model.'
  static override examples = ['flowrun models status', 'flowrun models status -e prod --json']
  static override flags = {
    ...shown('What to show', 'json', 'no-color'),
    ...shown('What to plan', 'environment'),
    ...variableFlags,
  }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(ModelsStatusCommand)
    const result = await readModelsStatus(createApp(this.host), { ...this.chosenEnvironment(flags), variables: readVariables(raw) })
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const { value } = result
    return this.present({ text: () => modelsStatusText(value, this.terminal.out.style), json: () => modelsStatusJson(value) })
  }
}
