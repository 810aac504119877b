import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { FlowLimits } from '../engine/durable/record-store.ts'
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
  static override examples = [
    'flowrun engine start',
    'flowrun engine start --concurrency 8 --lanes workflow.support=2',
    'flowrun engine status',
  ]
  static override exitCodes = 'Exit codes: 0 done, 1 error.'
  static override flags = {
    concurrency: Flags.integer({ helpGroup: 'How', helpValue: 'N', summary: 'runs at once', default: 64, min: 1, max: 1000 }),
    lanes: Flags.string({ helpGroup: 'How', helpValue: 'FLOW=N', summary: 'runs of a flow at once; 0: none of it', multiple: true }),
    drain: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'what is in flight has so long at the end', default: '30s' }),
    ...shown('What to show', 'jsonl'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Engine)
    const drainMs = readDuration('drain', flags.drain)
    const lanes = readLanes(flags.lanes ?? [])
    const options = {
      concurrency: flags.concurrency,
      ...(lanes ? { lanes } : {}),
      onWarning: (text: string) => this.tell(`Warning: ${text}.\n`),
    }
    const found = await withRunEngine(createApp(this.host), options, async (engine, { settings }) => {
      const most = Object.entries(lanes ?? {}).map(([flow, count]) => `, ${count} of ${flow}`)
      this.tell(
        `Working on runs of ${settings.project}, ${flags.concurrency} at once${most.join('')}. Ctrl-C ends when the steps in hand are recorded.\n`,
      )
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

/** `workflow.support=2,prompt.answer=8`, or several. @throws OperationError cli/bad-flag-value */
export function readLanes(written: readonly string[]): FlowLimits | undefined {
  if (written.length === 0) return undefined
  const entries = written
    // Keys of instances may hold commas and equals signs.
    .flatMap(text => text.split(/(?<==\d+),/))
    .map(text => {
      const [, flow, count] = /^(\S.*)=(\d{1,6})$/.exec(text) ?? []
      if (flow !== undefined) return [flow, Number(count)] as const
      throw new OperationError({
        code: 'cli/bad-flag-value',
        summary: `--lanes cannot be "${text}"`,
        detail: 'Write a flow and how many of it run at once: --lanes workflow.support=2.',
      })
    })
  return Object.fromEntries(entries)
}
