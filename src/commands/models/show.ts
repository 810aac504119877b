import * as Args from '@oclif/core/args'
import { createApp } from '../../app.ts'
import { showModel } from '../../operations/models.ts'
import { modelJson, modelText } from '../../views/models.ts'
import { BaseCommand } from '../base-command.ts'
import { readVariables, variableFlags } from '../configuration-flags.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class ModelsShow extends BaseCommand {
  static override id = 'models show'
  static override group = 'look' as const
  static override hidden = true
  static override summary = 'Show what is known of a model, each fact with where it was taken from'
  static override description =
    'A fact is of the block where it is written there, else of the catalogue, named by its month. What nobody knows is unknown, never 0.'
  static override examples = ['flowrun models show model.fast', 'flowrun models show gpt-4o-mini --json']
  static override args = { model: Args.string({ required: true, description: 'model.NAME, or an id of the catalogue' }) }
  static override flags = { ...shown('What to show', 'json'), ...shown('What to plan', 'environment'), ...variableFlags }

  async run(): Promise<ExitCode> {
    const { args, flags, raw } = await this.parse(ModelsShow)
    const options = { ...this.chosenEnvironment(flags), variables: readVariables(raw) }
    const found = showModel(createApp(this.host), options, args.model)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => modelText(found.value, this.terminal.out.style), json: () => modelJson(found.value) })
  }
}
