import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { requireOpen } from '../../operations/runs/control.ts'
import { submittedEvent, submittedJson } from '../../views/run-json.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand, readWaiting } from '../run-command.ts'

export default class RunsResume extends RunCommand {
  static override id = 'runs resume'
  static override group = 'operate' as const
  static override hidden = true
  static override formats = ['text', 'json', 'jsonl'] as const
  static override summary = 'Go on with a run that is paused, waits, or was left, in this process'
  static override description =
    'Steps that are recorded are not done again. With --detach a paused run is queued for an engine, and nothing is done here.'
  static override examples = ['flowrun runs resume @last', 'flowrun runs resume VBWA --detach']
  static override exitCodes = 'Exit codes: 0 done, 1 error or failed run, 5 waits or is paused, 130 interrupted.'
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = {
    detach: Flags.boolean({ helpGroup: 'How', summary: 'leave it to an engine' }),
    wait: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'not longer than this: 30s; the run goes on (exit 5)' }),
    'cancel-on-interrupt': Flags.boolean({ helpGroup: 'How', summary: 'Ctrl-C cancels the run' }),
    ...shown('What to show', 'environment', 'json', 'jsonl'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsResume)
    const waiting = readWaiting(flags)
    return this.withRun(args.run, flags, async (engine, run) => {
      requireOpen(run)
      if (run.state === 'paused') await engine.engine.resume(run.id)
      if (!flags.detach) return this.workOn(engine, run, waiting)
      const now = (await engine.records.getRun(run.id)) ?? run
      this.note(`Run ${run.id} is ${now.state}. ${await this.goesOn(engine, run, flags)}\n`)
      this.present({ json: () => submittedJson(now), jsonl: () => submittedEvent(now, this.host.clock.now()) })
      return exitCodes.done
    })
  }
}
