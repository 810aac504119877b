import * as Args from '@oclif/core/args'
import { pauseRun } from '../../operations/runs/control.ts'
import { submittedJson } from '../../views/run-json.ts'
import { shortRun } from '../../views/run-tree.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand } from '../run-command.ts'

export default class RunsPause extends RunCommand {
  static override id = 'runs pause'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Pause a run: it begins nothing until it is resumed'
  static override description = 'Calls in flight are aborted, and done again when it is resumed. Its deadline goes on.'
  static override examples = ['flowrun runs pause @last', 'flowrun runs resume @last']
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = { ...shown('What to pause', 'environment', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsPause)
    return this.withRun(args.run, flags, async (engine, found) => {
      await pauseRun(engine, found)
      const run = (await engine.records.getRun(found.id)) ?? found
      const resume = `flowrun runs resume ${shortRun(run.id)}${this.environmentWords(flags)}`
      return this.present({
        text: () => `Run ${run.id} is ${run.state}. To go on with it: ${resume}\n`,
        json: () => submittedJson(run),
      })
    })
  }
}
