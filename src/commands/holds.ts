import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { listHolds } from '../operations/holds.ts'
import { holdsJson, holdsText } from '../views/holds.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Holds extends BaseCommand {
  static override id = 'holds'
  static override group = 'look' as const
  static override summary = 'List what is held in an environment: versions that somebody rolled back'
  static override description = 'No apply and no promote publishes them again without --override-hold. Alone it is holds list.'
  static override examples = [
    'flowrun holds -e prod',
    'flowrun holds -e prod --all',
    'flowrun holds lift prompt.answer -e prod --reason "fixed"',
  ]
  static override flags = {
    all: Flags.boolean({ helpGroup: 'What to show', summary: 'those that were lifted too' }),
    ...shown('What to show', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Holds)
    const found = await listHolds(createApp(this.host), { ...this.chosenEnvironment(flags), lifted: flags.all })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({ text: () => holdsText(found.value, this.terminal.out.style), json: () => holdsJson(found.value) })
  }
}
