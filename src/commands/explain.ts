import * as Args from '@oclif/core/args'
import { suggest } from '../base/suggest.ts'
import { codes } from '../diagnostics/codes/index.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { codeListText, codePageJson, codePageText, codesJson } from '../views/code-page.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Explain extends BaseCommand {
  static override id = 'explain'
  static override listedAs = 'explain CODE'
  static override summary = 'Tell what a code of an error means, why it is one, and what to do'
  static override description = 'Without CODE, lists all codes.'
  static override examples = ['flowrun explain config/unknown-reference', 'flowrun explain | grep hcl/']
  static override args = { code: Args.string({ description: 'as it stands in brackets after an error' }) }
  static override flags = shown('What to show', 'json')

  async run(): Promise<ExitCode> {
    const { args } = await this.parse(Explain)
    if (args.code === undefined)
      return this.present({ text: () => codeListText(codes, this.terminal.out.style), json: () => codesJson(codes) })
    const code = args.code.replace(/^\[|\]$/g, '')
    const page = Object.entries(codes).find(([name]) => name === code)?.[1]
    if (page === undefined) throw unknownCode(code)
    return this.present({ text: () => codePageText(code, page, this.terminal.out.style), json: () => codePageJson(code, page) })
  }
}

function unknownCode(code: string): OperationError {
  const suggestions = suggest(code, Object.keys(codes))
  return new OperationError({
    code: 'cli/unknown-code',
    summary: `There is no code "${code}"`,
    detail: 'All codes: flowrun explain',
    ...(suggestions.length === 0 ? {} : { suggestions }),
  })
}
