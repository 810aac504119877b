import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { compare } from '../operations/diff.ts'
import { diffJson, diffMarkdown, diffText } from '../views/diff.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables } from './configuration-flags.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Diff extends BaseCommand {
  static override id = 'diff'
  static override group = 'look' as const
  static override brief = 'compare two versions, releases or environments'
  static override summary = 'Compare two versions, releases or environments; without B, with the working copy'
  static override examples = ['flowrun diff prompt.answer@7 prompt.answer@8', 'flowrun diff prod@14 prod', 'flowrun diff dev']
  static override formats = ['text', 'json', 'markdown'] as const
  static override args = {
    a: Args.string({ required: true, description: 'prompt.answer@7, prod@14 or dev' }),
    b: Args.string({ description: 'the same; the working copy when left out' }),
  }
  static override flags = {
    stat: Flags.boolean({ helpGroup: 'What to show', summary: 'only how much differs' }),
    concise: Flags.boolean({ helpGroup: 'What to show', summary: 'one line for each change' }),
    ...shown('What to show', 'environment', 'format', 'json', 'no-color'),
    var: Flags.string({ helpGroup: 'How', helpValue: "'NAME=VALUE'", summary: 'a variable of the working copy', multiple: true }),
    'var-file': Flags.string({ helpGroup: 'How', helpValue: 'FILE', summary: 'variables from a file', multiple: true }),
  }

  async run(): Promise<ExitCode> {
    const { args, flags, raw } = await this.parse(Diff)
    const compared = { ...this.chosenEnvironment(flags), variables: readVariables(raw) }
    const found = await compare(createApp(this.host), args.a, args.b, compared)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const options = {
      environment: flags.environment ?? '',
      nowMs: this.host.clock.now(),
      verbose: flags.verbose,
      stat: flags.stat,
      concise: flags.concise,
    }
    return this.present({
      text: () => diffText(found.value, this.terminal.out.style, options),
      json: () => diffJson(found.value),
      markdown: () => diffMarkdown(found.value),
    })
  }
}
