import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { systemErrorSentence } from '../base/system-error.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readAudit } from '../operations/audit.ts'
import type { AuditQuery, AuditRow } from '../registry/audit.ts'
import { auditExport, auditExportJson, auditJson, auditText } from '../views/audit.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'
import { readSince } from './since.ts'

const WHAT = 'What to show'

/** Rows that are shown unless it is said how many. */
const LIMIT = 20

export default class Audit extends BaseCommand {
  static override id = 'audit'
  static override group = 'look' as const
  static override summary = 'Show who did what and why: releases, rollbacks, holds, overrides'
  static override description =
    'Newest first. Each row has the hash of the row before it: audit verify finds what was changed, audit checkpoint prints what to keep elsewhere.'
  static override examples = ['flowrun audit --since 7d --actor ana', 'flowrun audit --address prompt.answer', 'flowrun audit verify']
  static override flags = {
    since: Flags.string({ helpGroup: WHAT, helpValue: 'TIME', summary: 'from then on: 7d, 2026-11-14' }),
    actor: Flags.string({ helpGroup: WHAT, helpValue: 'NAME', summary: 'only what NAME did' }),
    address: Flags.string({ helpGroup: WHAT, helpValue: 'ADDRESS', summary: 'only what moved or held ADDRESS' }),
    action: Flags.string({ helpGroup: WHAT, helpValue: 'ACTION', summary: 'only ACTION: release.rollback, hold.place …' }),
    limit: Flags.integer({ helpGroup: WHAT, helpValue: 'N', summary: `at most so many (default ${LIMIT})`, min: 1 }),
    ...shown(WHAT, 'environment', 'json'),
    export: Flags.string({ helpGroup: 'How', helpValue: 'FILE', summary: 'write all of them to FILE, one JSON document a line' }),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Audit)
    const { since, actor, address, action, limit, export: file } = flags
    const most = limit ?? (file === undefined ? LIMIT : undefined)
    const query: AuditQuery = {
      ...(most === undefined ? {} : { limit: most }),
      ...(since === undefined ? {} : { sinceMs: readSince(since, this.host.clock.now()) }),
      ...(actor === undefined ? {} : { actor }),
      ...(address === undefined ? {} : { address: checkAddress(address, { haveVersion: false }) }),
      ...(action === undefined ? {} : { action }),
    }
    const found = await readAudit(createApp(this.host), this.chosenEnvironment(flags), query)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    if (file !== undefined) return this.#export(file, found.value)
    return this.present({ text: () => auditText(found.value, this.terminal.out.style), json: () => auditJson(found.value) })
  }

  #export(file: string, rows: readonly AuditRow[]): ExitCode {
    try {
      writeFileSync(resolve(this.host.workingFolder(), file), auditExport(rows))
    } catch (error) {
      throw new OperationError(
        { code: 'cli/cannot-write', summary: `${file} cannot be written`, detail: systemErrorSentence(error) },
        { cause: error },
      )
    }
    this.note(`Wrote ${rows.length} ${rows.length === 1 ? 'row' : 'rows'} to ${file}.\n`)
    return this.present({ text: () => '', json: () => auditExportJson(file, rows) })
  }
}
