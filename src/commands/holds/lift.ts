import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import { userName } from '../../base/user.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { liftHolds } from '../../operations/holds.ts'
import { liftedHoldsJson, liftedHoldsText } from '../../views/holds.ts'
import { checkAddress } from '../address.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { reasonFlag, shown } from '../flags.ts'

export default class HoldsLift extends BaseCommand {
  static override id = 'holds lift'
  static override group = 'look' as const
  static override hidden = true
  static override summary = 'Lift holds, without publishing anything'
  static override description =
    'Of ADDRESS all that is held, or the version that it names; with --rollback what one release held. Audited. The next apply may publish it again.'
  static override examples = [
    'flowrun holds lift prompt.answer@8 -e prod --reason "the provider was slow"',
    'flowrun holds lift --rollback 17 -e prod --reason "only prompt.answer was bad"',
  ]
  static override args = { address: Args.string({ multiple: true, description: 'prompt.NAME or prompt.NAME@8' }) }
  static override flags = {
    rollback: Flags.integer({ helpGroup: 'What to lift', helpValue: 'M', summary: 'only holds of release M', min: 1 }),
    reason: reasonFlag({ helpGroup: 'What to lift', helpValue: 'TEXT', summary: 'recorded in the audit log' }),
    ...shown('What to lift', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { argv, flags } = await this.parse(HoldsLift)
    const addresses = argv.map(word => checkAddress(String(word), { haveVersion: true }))
    const { reason, rollback } = flags
    if (addresses.length === 0 && rollback === undefined) throw missing('holds lift needs ADDRESS or --rollback M')
    if (reason === undefined) throw missing('holds lift needs --reason TEXT')
    const found = await liftHolds(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      addresses,
      ...(rollback === undefined ? {} : { rollback }),
      author: { actor: userName(), reason },
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => liftedHoldsText(found.value), json: () => liftedHoldsJson(found.value) })
  }
}

function missing(summary: string): OperationError {
  return new OperationError({
    code: 'cli/missing-argument',
    summary,
    detail: 'How it is used: flowrun holds lift --help\nNothing was changed.',
  })
}
