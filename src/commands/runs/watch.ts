import * as Args from '@oclif/core/args'
import { isOver, isWorkedOn } from '../../operations/runs/find.ts'
import { readReport } from '../../operations/runs/report.ts'
import { runWatchEvent } from '../../views/run-json.ts'
import { runTitle, shortRun } from '../../views/run-tree.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { createLiveText } from '../live-text.ts'
import { RunCommand } from '../run-command.ts'

export default class RunsWatch extends RunCommand {
  static override id = 'runs watch'
  static override group = 'operate' as const
  static override hidden = true
  static override formats = ['text', 'json', 'jsonl'] as const
  static override summary = 'Watch a run that another process works on, until it is over'
  static override description =
    'Ctrl-C ends the watching, and not the run. Where nobody works on it, it is shown as it stands: flowrun runs resume goes on with it here.'
  static override examples = ['flowrun runs watch @last', 'flowrun runs watch VBWA --jsonl']
  static override exitCodes = 'Exit codes: 0 done, 1 failed run, 5 nobody works on it, 130 interrupted.'
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = { ...shown('What to show', 'environment', 'json', 'jsonl') }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsWatch)
    return this.withRun(args.run, flags, async (engine, run) => {
      const { engine: watching, records } = engine
      const current = async () => (await records.getRun(run.id)) ?? run
      this.note(`${runTitle(run, this.terminal.err.style)}\n\n`)
      if (!isOver(run) && !(await isWorkedOn(engine))) {
        const code = this.leave(await readReport(engine, run), run.state === 'paused' ? 'paused' : 'awaits-people')
        if (run.state !== 'paused')
          this.note(`Nobody works on runs here: flowrun runs resume ${shortRun(run.id)}${this.environmentWords(flags)}\n`)
        return code
      }
      const live = createLiveText()
      const tree = this.liveTree(async () => readReport(engine, await current()), live.texts)
      const watch = watching.watch(run.id, 0, event => {
        live.take(event)
        if (this.format === 'jsonl') this.print(runWatchEvent(event))
        else tree.change()
      })
      this.interruption().addEventListener('abort', () => watch.close(), { once: true })
      await watch.ended.finally(() => tree.end())
      return this.leave(await readReport(engine, await current()), this.interruptedCode === undefined ? 'ended' : 'interrupted')
    })
  }
}
