import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import type { VariableFlag } from '../../config/variables.ts'
import type { RunRecord } from '../../engine/durable/record-store.ts'
import { type FlowResult, findFlow } from '../../operations/flow.ts'
import { splitFlow } from '../../operations/runnable.ts'
import { retryRun } from '../../operations/runs/control.ts'
import { submittedEvent, submittedJson } from '../../views/run-json.ts'
import { readVariables, variableFlags } from '../configuration-flags.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand, readWaiting } from '../run-command.ts'

export default class RunsRetry extends RunCommand {
  static override id = 'runs retry'
  static override group = 'operate' as const
  static override hidden = true
  static override formats = ['text', 'json', 'jsonl'] as const
  static override summary = 'Run a failed or cancelled run anew, with the steps that it has'
  static override description =
    'It makes a new run with the same versions and input; the old one stays as it is. Without --from the steps that failed are done again, and what depends on them. With --latest it takes the versions that are active now, or the working copy where the run was one of it: nodes of the workflow that were changed meanwhile are done again too.'
  static override examples = ['flowrun runs retry @last', 'flowrun runs retry VBWA --from answer', 'flowrun runs retry VBWA --latest']
  static override exitCodes = 'Exit codes: 0 done, 1 error or failed run, 5 waits or is paused, 130 interrupted.'
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = {
    from: Flags.string({ helpGroup: 'What to run', helpValue: 'NODE', summary: 'this node and all that depends on it' }),
    latest: Flags.boolean({ helpGroup: 'What to run', summary: 'on the versions of now, not on those of the run' }),
    ...Object.fromEntries(Object.entries(variableFlags).map(([name, flag]) => [name, { ...flag, helpGroup: 'What to run' }])),
    detach: Flags.boolean({ helpGroup: 'How', summary: 'print the id of the new run, and leave it to an engine' }),
    wait: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'not longer than this: 30s; the run goes on (exit 5)' }),
    'cancel-on-interrupt': Flags.boolean({ helpGroup: 'How', summary: 'Ctrl-C cancels the run' }),
    ...shown('What to show', 'environment', 'json', 'jsonl'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args, raw } = await this.parse(RunsRetry)
    const waiting = readWaiting(flags)
    const { from } = flags
    return this.withRun(args.run, flags, async (engine, former) => {
      const latest = flags.latest ? await this.#latest(former, readVariables(raw)) : undefined
      if (latest?.outcome === 'invalid') return this.report(latest.diagnostics)
      const run = await retryRun(engine, former, { ...(from === undefined ? {} : { from }), ...(latest ? { latest } : {}) })
      if (!flags.detach) return this.workOn(engine, run, waiting)
      this.present({
        text: () => `${run.id}\n`,
        json: () => submittedJson(run),
        jsonl: () => submittedEvent(run, this.host.clock.now()),
      })
      this.note(`${await this.goesOn(engine, run, flags)}\n`)
      return exitCodes.done
    })
  }

  /** The flow as it is now where the run came from; a version that was asked for by its number gives way to the active one. */
  #latest({ flow, environment, release }: RunRecord, variables: readonly VariableFlag[]): Promise<FlowResult> {
    const { address } = splitFlow(flow)
    return findFlow(createApp(this.host), { flow: address, variables, ...(release === 0 ? {} : { environment }) })
  }
}
