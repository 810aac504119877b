import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { isFailedCheck, listProviders } from '../operations/providers.ts'
import { providersJson, providersText } from '../views/providers.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Providers extends BaseCommand {
  static override id = 'providers'
  static override group = 'look' as const
  static override summary = 'List the providers: where they are, whose key they take, and who uses them'
  static override description =
    'Names keys and where each was found, never their values. Contacts nothing, unless --check asks each for its list of models, which is free.'
  static override examples = ['flowrun providers', 'flowrun providers --check -e prod']
  static override exitCodes = 'Exit codes: 0 done, 1 error, or a provider that cannot be called (--check).'
  static override flags = {
    check: Flags.boolean({ helpGroup: 'What to show', summary: 'make one free call to each' }),
    ...shown('What to show', 'json', 'no-color'),
    ...shown('What to plan', 'environment'),
    ...variableFlags,
  }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(Providers)
    const result = await listProviders(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      variables: readVariables(raw),
      check: flags.check,
    })
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const { list } = result
    const hasFailed = list.providers.some(({ check }) => isFailedCheck(check))
    return this.present(
      { text: () => providersText(list, this.terminal.out.style), json: () => providersJson(list) },
      hasFailed ? exitCodes.error : exitCodes.done,
    )
  }
}
