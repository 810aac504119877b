import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { verifyAudit } from '../../operations/audit.ts'
import type { AuditCheckpoint } from '../../registry/audit.ts'
import { brokenAudit, verdictJson, wholeText } from '../../views/audit.ts'
import { BaseCommand } from '../base-command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class AuditVerify extends BaseCommand {
  static override id = 'audit verify'
  static override group = 'look' as const
  static override hidden = true
  static override summary = 'Check the hash chain of the audit log, and name the first row that does not fit'
  static override description =
    'It finds rows that were altered, removed, swapped or inserted. That the end was cut, or that all was written anew, shows only against a checkpoint that was kept elsewhere.'
  static override examples = ['flowrun audit verify', 'flowrun audit verify --checkpoint "$(cat checkpoint.txt)"']
  static override exitCodes = 'Exit codes: 0 done, 1 error, 3 broken.'
  static override flags = {
    checkpoint: Flags.string({ helpGroup: 'What to check', helpValue: 'SEQ:HASH', summary: 'what audit checkpoint printed' }),
    ...shown('What to check', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(AuditVerify)
    const checkpoint = flags.checkpoint === undefined ? undefined : readCheckpoint(flags.checkpoint)
    const found = await verifyAudit(createApp(this.host), this.chosenEnvironment(flags), checkpoint)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const verdict = found.value
    if (!verdict.intact && !this.forMachine) {
      this.showFailure(brokenAudit(verdict))
      return exitCodes.refused
    }
    return this.present(
      { text: () => (verdict.intact ? wholeText(verdict, checkpoint) : ''), json: () => verdictJson(verdict) },
      verdict.intact ? exitCodes.done : exitCodes.refused,
    )
  }
}

function readCheckpoint(text: string): AuditCheckpoint {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? []
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash }
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--checkpoint cannot be "${text}"`,
    detail: 'It is what flowrun audit checkpoint prints: a number, a colon and 64 hex digits.',
  })
}
