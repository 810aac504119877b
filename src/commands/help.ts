import { commands as helpPlugin } from '@oclif/plugin-help'
import { commandHelpText, rootHelpText } from '../views/help.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { readManifest } from './manifest.ts'
import { unknownCommand } from './unknown-command.ts'

/** The help command of @oclif/plugin-help, with pages in our shape: oclif's wraps flags into two columns and is twice as long. */
export default class Help extends BaseCommand {
  static override id = 'help'
  static override hidden = true
  static override strict = false
  static override summary = 'Show the help of flowrun or of a command'
  static override args = helpPlugin.help.args
  static override formats = ['text'] as const
  static override examples = ['flowrun help', 'flowrun help plan']

  async run(): Promise<ExitCode> {
    const { argv } = await this.parse(Help)
    const manifest = readManifest()
    if (argv.length === 0) {
      return this.present({ text: () => rootHelpText([...manifest.values()]) })
    }
    const name = argv.join(' ')
    const facts = manifest.get(name)
    if (facts === undefined) throw unknownCommand(name)
    const subcommands = [...manifest.values()].filter(({ id }) => id.startsWith(`${name} `))
    return this.present({ text: () => commandHelpText(facts, subcommands) })
  }
}
