import * as Args from '@oclif/core/args'
import { createApp } from '../../app.ts'
import { findRun, withRuns } from '../../operations/runs/find.ts'
import { readReport } from '../../operations/runs/report.ts'
import { runReportJson } from '../../views/run-json.ts'
import { runShowText } from '../../views/runs.ts'
import { BaseCommand } from '../base-command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'

export default class RunsShow extends BaseCommand {
  static override id = 'runs show'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Show a run: how its nodes stand, what it waits for, what it gave'
  static override description = 'RUN is the id of a run, the last 4 or more characters of it, or @last.'
  static override examples = ['flowrun runs show @last', 'flowrun runs show VBWA --json']
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = { ...shown('What to show', 'environment', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsShow)
    const found = await withRuns(createApp(this.host), this.chosenEnvironment(flags), async (runs, project) =>
      readReport(runs, await findRun(runs, project, args.run)),
    )
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    return this.present({
      text: () => runShowText(found.value, this.terminal.out.style, this.host.clock.now()),
      json: () => runReportJson(found.value),
    })
  }
}
