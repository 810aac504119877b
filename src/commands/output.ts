import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { outputNamed, readOutputs } from '../operations/outputs.ts'
import { outputJson, outputRaw, outputsJson, outputsText, outputText } from '../views/outputs.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class OutputCommand extends BaseCommand {
  static override id = 'output'
  static override group = 'look' as const
  static override brief = 'values of output blocks'
  static override summary = 'Show the values of output blocks, as the last apply left them'
  static override examples = ['flowrun output', 'flowrun output -raw answer_version', 'flowrun output --json']
  static override args = { name: Args.string({ description: 'of one output' }) }
  static override flags = {
    raw: Flags.boolean({ helpGroup: 'What to show', summary: 'a string, number or bool without quotes' }),
    ...shown('What to show', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(OutputCommand)
    const found = await readOutputs(createApp(this.host), this.chosenEnvironment(flags))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    if (args.name === undefined) {
      return this.present({ text: () => outputsText(found.value), json: () => outputsJson(found.value) })
    }
    const output = outputNamed(found.value, args.name)
    if (output.sensitive) throw sensitive(args.name)
    const { name } = args
    return this.present({
      text: () => (flags.raw ? outputRaw(name, output.value) : outputText(output.value)),
      json: () => outputJson(output.value),
    })
  }
}

/** The state has no sensitive values: what is not stored cannot leak, and cannot be shown. */
function sensitive(name: string): OperationError {
  return new OperationError({
    code: 'output/sensitive',
    summary: `Output "${name}" is sensitive, and its value is not kept`,
    detail: 'flowrun stores no sensitive value. Where it may be seen, write nonsensitive(…) in the output and apply.',
  })
}
