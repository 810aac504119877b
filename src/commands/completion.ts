import * as Args from '@oclif/core/args'
import { completionScript, shells } from '../views/completion.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { readManifest } from './manifest.ts'

export default class Completion extends BaseCommand {
  static override id = 'completion'
  static override listedAs = 'completion SHELL'
  static override summary = 'Print a script that lets a shell complete commands and flags'
  static override description =
    'SHELL is bash, zsh, fish or powershell. The script holds the commands of this version: print it again after an upgrade.'
  static override formats = ['text'] as const
  static override examples = [
    'source <(flowrun completion bash)                         # in ~/.bashrc',
    'source <(flowrun completion zsh)                          # in ~/.zshrc',
    'flowrun completion fish > ~/.config/fish/completions/flowrun.fish',
    'flowrun completion powershell | Out-String | Invoke-Expression',
  ]
  static override args = { shell: Args.string({ required: true, options: [...shells] }) }

  async run(): Promise<ExitCode> {
    const { args } = await this.parse(Completion)
    const shell = shells.find(name => name === args.shell)
    return this.present({ text: () => (shell === undefined ? '' : completionScript(shell, [...readManifest().values()])) })
  }
}
