import { text as readAll } from 'node:stream/consumers'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { type FormatResult, formatFiles, formatText } from '../operations/format.ts'
import { fmtJson, fmtText } from '../views/fmt.ts'
import { BaseCommand } from './base-command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Fmt extends BaseCommand {
  static override id = 'fmt'
  static override group = 'write' as const
  static override brief = 'put files into the standard format'
  static override summary = 'Put files into the standard format'
  static override description =
    'PATH is a file, a folder (default: this one) or - for standard input. Prints the names of files that changed. A file that does not parse is left alone and reported.'
  static override examples = ['flowrun fmt -recursive', 'flowrun fmt -check -diff', 'flowrun fmt - < main.flow.hcl']
  static override exitCodes = 'Exit codes: 0 done, 1 error, 3 a file is not in the format (-check).'
  static override args = { path: Args.string({ multiple: true }) }
  static override flags = {
    check: Flags.boolean({ helpGroup: 'What to do', summary: 'write nothing; exit 3 if a file would change' }),
    write: Flags.boolean({ helpGroup: 'What to do', summary: 'write nothing', default: true }),
    recursive: Flags.boolean({ helpGroup: 'What to do', summary: 'folders below as well' }),
    diff: Flags.boolean({ helpGroup: 'What to show', summary: 'what changes' }),
    list: Flags.boolean({ helpGroup: 'What to show', summary: 'no names', default: true }),
    ...shown('What to show', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Fmt)
    const paths = args.path ?? ['.']
    if (paths.length === 1 && paths[0] === '-') return await this.#formatInput(flags)
    const workingFolder = this.host.workingFolder()
    const result = formatFiles({ workingFolder, paths, recursive: flags.recursive, write: flags.write && !flags.check })
    return this.#show(result, flags)
  }

  async #formatInput(flags: { readonly check: boolean; readonly diff: boolean }): Promise<ExitCode> {
    const before = await readAll(this.host.stdin)
    const result = formatText('<stdin>', before)
    if (this.forMachine || flags.check || flags.diff || result.diagnostics.length > 0) return this.#show(result, { ...flags, list: false })
    this.print(result.changed[0]?.after ?? before)
    return exitCodes.done
  }

  #show(result: FormatResult, flags: { readonly check: boolean; readonly list: boolean; readonly diff: boolean }): ExitCode {
    const failed = result.diagnostics.length > 0
    const unformatted = flags.check && result.changed.length > 0
    const exitCode = failed ? exitCodes.error : unformatted ? exitCodes.refused : exitCodes.done
    if (!this.forMachine) this.report(result.diagnostics, { ending: 'Files with errors were left as they are.' })
    return this.present({ text: () => fmtText(result, flags, this.terminal.out.style), json: () => fmtJson(result) }, exitCode)
  }
}
