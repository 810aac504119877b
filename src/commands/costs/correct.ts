import * as Args from '@oclif/core/args'
import { createApp } from '../../app.ts'
import { parseMoney } from '../../config/decode/literal.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { correctCost } from '../../operations/correct-cost.ts'
import { correctedJson, correctedText } from '../../views/costs.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { reasonFlag, shown } from '../flags.ts'

export default class CostsCorrect extends BaseCommand {
  static override id = 'costs correct'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Enter what a call did cost, where that was estimated'
  static override description =
    'CALL is the id of a call that flowrun costs --estimated lists, its last 4 or more characters, or @last; AMOUNT is what the provider billed for all of it. Costs and budgets count it from then on. Audited.'
  static override examples = ['flowrun costs correct VBWA 0.0021 --reason "invoice of November"', 'flowrun costs --estimated']
  static override args = {
    call: Args.string({ required: true, description: 'id of a call, its ending, or @last' }),
    amount: Args.string({ required: true, description: 'dollars: $0.0021' }),
  }
  static override flags = {
    reason: reasonFlag({ helpGroup: 'What to enter', helpValue: 'TEXT', summary: 'recorded in the audit log' }),
    ...shown('What to enter', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(CostsCorrect)
    const { reason } = flags
    if (reason === undefined) throw missingReason()
    const found = await correctCost(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      call: args.call,
      costNano: readAmount(args.amount),
      reason,
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => correctedText(found.value), json: () => correctedJson(found.value) })
  }
}

/** A shell takes `$0` out of an amount that is not quoted, so the sign may be left out. */
function readAmount(text: string): number {
  const parsed = parseMoney(text.startsWith('$') ? text : `$${text}`)
  if ('value' in parsed) return parsed.value
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `AMOUNT cannot be "${text}"`,
    detail: "Write dollars: '$0.0021', in quotes, or 0.0021. Nothing was changed.",
  })
}

function missingReason(): OperationError {
  return new OperationError({
    code: 'cli/missing-argument',
    summary: 'costs correct needs --reason TEXT',
    detail: 'How it is used: flowrun costs correct --help\nNothing was changed.',
  })
}
