import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { listCatalogue, listModels } from '../operations/models.ts'
import { modelsJson, modelsText } from '../views/models.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Models extends BaseCommand {
  static override id = 'models'
  static override group = 'look' as const
  static override brief = 'what is known of models: limits, prices, abilities; models show and status'
  static override summary = 'List the models: their limits, prices and what they can'
  static override description =
    'Those of the working copy, or with --catalogue all that flowrun knows without asking anybody. Prices are per million tokens. Contacts nothing.'
  static override examples = ['flowrun models', 'flowrun models --catalogue --filter claude', 'flowrun models show model.fast']
  static override flags = {
    catalogue: Flags.boolean({ helpGroup: 'What to show', summary: 'all models that are known, declared or not' }),
    filter: Flags.string({ helpGroup: 'What to show', helpValue: 'TEXT', summary: 'those with it in address, id, provider or abilities' }),
    ...shown('What to show', 'json'),
    ...shown('What to plan', 'environment'),
    ...variableFlags,
  }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(Models)
    const { filter } = flags
    const options = { ...this.chosenEnvironment(flags), variables: readVariables(raw), ...(filter === undefined ? {} : { filter }) }
    const found = flags.catalogue
      ? ({ outcome: 'found', value: listCatalogue(filter) } as const)
      : listModels(createApp(this.host), options)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => modelsText(found.value, this.terminal.out.style), json: () => modelsJson(found.value) })
  }
}
