import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import { purgeRuns } from '../../operations/runs/purge.ts'
import { formatMoment } from '../../views/format-number.ts'
import { purgedJson, purgedText } from '../../views/runs.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand } from '../run-command.ts'
import { readSince } from '../since.ts'

export default class RunsPurge extends RunCommand {
  static override id = 'runs purge'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Remove runs that ended before a time, with all that is theirs'
  static override description =
    'Of all environments of this folder. Runs that are not over stay; what calls have cost stays too. It is audited. Runs go by themselves when their retention is over.'
  static override examples = ['flowrun runs purge --before 30d', 'flowrun runs purge --before 2026-11-01 --yes']
  static override flags = {
    before: Flags.string({ helpGroup: 'What to remove', helpValue: 'TIME', summary: 'ended before: 30d, 2026-11-01', required: true }),
    ...shown('What to remove', 'yes', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(RunsPurge)
    const beforeMs = readSince(flags.before, this.host.clock.now(), 'before')
    const isSure = await this.approves(`Remove all runs that ended before ${formatMoment(beforeMs)}?`, {
      summary: 'Removing runs needs a yes, and nobody can be asked',
      detail: 'Say so with --yes. Nothing was removed.',
    })
    if (!isSure) {
      this.note('Nothing was removed.\n')
      return exitCodes.error
    }
    const found = await purgeRuns(createApp(this.host), beforeMs)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => purgedText(found.value), json: () => purgedJson(found.value) })
  }
}
