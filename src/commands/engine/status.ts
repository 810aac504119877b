import { createApp } from '../../app.ts'
import { engineStatus } from '../../operations/runs/status.ts'
import { engineStatusJson, engineStatusText } from '../../views/engine.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class EngineStatus extends BaseCommand {
  static override id = 'engine status'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Show who works on runs of this folder, what waits, and for how long'
  static override description = 'A process that was killed is listed until another takes its runs over.'
  static override examples = ['flowrun engine status', 'flowrun engine status --json']
  static override flags = { ...shown('What to show', 'json') }

  async run(): Promise<ExitCode> {
    await this.parse(EngineStatus)
    const found = await engineStatus(createApp(this.host), {})
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({
      text: () => engineStatusText(found.value, this.terminal.out.style),
      json: () => engineStatusJson(found.value),
    })
  }
}
