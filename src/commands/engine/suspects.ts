import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import { withRunEngine } from '../../operations/runs/find.ts'
import { workOnSuspects } from '../../operations/runs/work.ts'
import { BaseCommand } from '../base-command.ts'
import { readLanes } from '../engine.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

/** Steps in hand, when it is told to end. */
const DRAIN_MS = 30_000

export default class EngineSuspects extends BaseCommand {
  static override id = 'engine suspects'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Work on runs whose processes died, one at a time, until there is none'
  static override description =
    'An engine starts it by itself, so that what kills a process takes no other run along. It ends when its standard input does.'
  static override formats = ['text'] as const
  static override examples = ['flowrun engine suspects']
  static override flags = {
    lanes: Flags.string({ helpGroup: 'How', helpValue: 'FLOW=N', summary: '0: none of this flow', multiple: true }),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(EngineSuspects)
    const lanes = readLanes(flags.lanes ?? [])
    const onWarning = (text: string) => this.tell(`Warning: ${text}.\n`)
    const end = new AbortController()
    this.host.stdin.once('end', () => end.abort()).resume()
    const signal = AbortSignal.any([this.interruption(), end.signal])
    const found = await withRunEngine(createApp(this.host), { onWarning, ...(lanes ? { lanes } : {}) }, async engine => {
      await workOnSuspects(engine, { signal, drainMs: DRAIN_MS })
      return exitCodes.done
    })
    return found.outcome === 'invalid' ? this.report(found.diagnostics) : found.value
  }
}
