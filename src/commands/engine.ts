import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { withRunEngine } from '../operations/runs/find.ts'
import { workOnRuns } from '../operations/runs/work.ts'
import { engineEvent, engineRunText } from '../views/engine.ts'
import { BaseCommand } from './base-command.ts'
import { readDuration } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Engine extends BaseCommand {
  static override id: string = 'engine'
  static override group = 'operate' as const
  static override brief: string | undefined = 'work on queued runs in this terminal'
  static override summary = 'Work on queued runs of this folder until Ctrl-C or SIGTERM'
  static override description =
    'Several may work at once. When it is told to end it begins nothing more, and waits for the steps in hand; what is not over goes on with the next engine. Alone it is engine start.'
  static override formats = ['text', 'jsonl'] as const
  static override examples = ['flowrun engine start', 'flowrun engine start --concurrency 8', 'flowrun engine status']
  static override exitCodes = 'Exit codes: 0 done, 1 error.'
  static override flags = {
    concurrency: Flags.integer({ helpGroup: 'How', helpValue: 'N', summary: 'runs at once', default: 64, min: 1, max: 1000 }),
    drain: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'what is in flight has so long at the end', default: '30s' }),
    ...shown('What to show', 'jsonl'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Engine)
    const drainMs = readDuration('drain', flags.drain)
    const options = { concurrency: flags.concurrency, onWarning: (text: string) => this.tell(`Warning: ${text}.\n`) }
    const found = await withRunEngine(createApp(this.host), options, async (engine, { settings }) => {
      this.tell(`Working on runs of ${settings.project}, ${flags.concurrency} at once. Ctrl-C ends when the steps in hand are recorded.\n`)
      await workOnRuns(engine, {
        signal: this.interruption(),
        drainMs,
        onRun: run => this.print(this.format === 'jsonl' ? engineEvent(run, this.host.clock.now()) : engineRunText(run)),
        onDraining: running => this.tell(running === 0 ? '' : `Waiting for ${running} ${running === 1 ? 'run' : 'runs'}.\n`),
      })
      this.tell('Drained.\n')
      return exitCodes.done
    })
    return found.outcome === 'invalid' ? this.report(found.diagnostics) : found.value
  }
}
