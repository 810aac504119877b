import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { validate } from '../operations/validate.ts'
import { validationJson } from '../views/validation.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Validate extends BaseCommand {
  static override id = 'validate'
  static override group = 'write' as const
  static override brief = 'check the configuration; contacts nothing'
  static override summary = 'Check the whole configuration, for all environments'
  static override description = 'Contacts nothing, and needs no secret.'
  static override examples = ['flowrun validate', 'flowrun validate --json']
  static override flags = {
    all: Flags.boolean({ helpGroup: 'What to show', summary: 'all errors, however many' }),
    'compact-warnings': Flags.boolean({ helpGroup: 'What to show', summary: 'warnings as one line each' }),
    ...shown('What to show', 'json', 'no-color'),
    ...variableFlags,
    ...shown('What to plan', 'environment'),
  }

  async run(): Promise<ExitCode> {
    const { flags, raw } = await this.parse(Validate)
    const diagnostics = await validate(createApp(this.host), {
      variables: readVariables(raw),
      ...(flags.environment ? { environment: flags.environment } : {}),
    })
    const valid = diagnostics.every(diagnostic => diagnostic.severity !== 'error')
    if (this.forMachine) return this.present({ json: () => validationJson(diagnostics) }, valid ? exitCodes.done : exitCodes.error)
    this.report(diagnostics, { all: flags.all, compactWarnings: flags['compact-warnings'] })
    return valid ? this.present({ text: () => 'Success! The configuration is valid.\n' }) : exitCodes.error
  }
}
