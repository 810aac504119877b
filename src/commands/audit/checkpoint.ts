import { createApp } from '../../app.ts'
import { verifyAudit } from '../../operations/audit.ts'
import { brokenAudit, checkpointJson, checkpointText, verdictJson } from '../../views/audit.ts'
import { BaseCommand } from '../base-command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class AuditCheckpointCommand extends BaseCommand {
  static override id = 'audit checkpoint'
  static override group = 'look' as const
  static override hidden = true
  static override summary = 'Print where the audit log is, to be kept where nobody can change both'
  static override description = 'A broken log has no checkpoint. audit verify --checkpoint compares with it later.'
  static override examples = ['flowrun audit checkpoint > checkpoint.txt', 'flowrun audit checkpoint --json']
  static override exitCodes = 'Exit codes: 0 done, 1 error, 3 the log is broken.'
  static override flags = shown('What to show', 'environment', 'json')

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(AuditCheckpointCommand)
    const found = await verifyAudit(createApp(this.host), this.chosenEnvironment(flags))
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const verdict = found.value
    if (verdict.intact) return this.present({ text: () => checkpointText(verdict), json: () => checkpointJson(verdict) })
    if (this.forMachine) return this.present({ json: () => verdictJson(verdict) }, exitCodes.refused)
    this.showFailure(brokenAudit(verdict))
    return exitCodes.refused
  }
}
