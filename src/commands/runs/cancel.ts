import * as Args from '@oclif/core/args'
import { cancelRun } from '../../operations/runs/control.ts'
import { submittedJson } from '../../views/run-json.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand } from '../run-command.ts'

export default class RunsCancel extends RunCommand {
  static override id = 'runs cancel'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Cancel a run: no step of it starts any more'
  static override description =
    'Calls in flight are aborted; a step that runs once has 30 s to end. What it has cost is kept, and its runs within it are cancelled first.'
  static override examples = ['flowrun runs cancel @last', 'flowrun runs cancel VBWA -e prod']
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = { ...shown('What to cancel', 'environment', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsCancel)
    return this.withRun(args.run, flags, async (engine, found) => {
      const run = await cancelRun(engine, found)
      const text = run.state === 'cancelled' ? `Run ${run.id} is cancelled.\n` : `Run ${run.id} is asked to end; it is ${run.state}.\n`
      return this.present({ text: () => text, json: () => submittedJson(run) })
    })
  }
}
