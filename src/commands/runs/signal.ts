import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { signalRun } from '../../operations/runs/control.ts'
import { submittedJson } from '../../views/run-json.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { parseJson } from '../json-flag.ts'
import { RunCommand } from '../run-command.ts'

export default class RunsSignal extends RunCommand {
  static override id = 'runs signal'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Send a run a signal that one of its nodes waits for'
  static override description = 'It may come before the run waits for it: it is kept until then. Without JSON its value is null.'
  static override examples = [`flowrun runs signal VBWA paid '{"amount": 129}'`, 'flowrun runs signal @last go --key order-20417']
  static override args = {
    run: Args.string({ required: true, description: 'id, its ending, or @last' }),
    name: Args.string({ required: true, description: 'as the node names it' }),
    value: Args.string({ description: 'JSON' }),
  }
  static override flags = {
    key: Flags.string({ helpGroup: 'How', helpValue: 'KEY', summary: 'sent twice with one key, it counts once' }),
    ...shown('What to signal', 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsSignal)
    const value = args.value === undefined ? null : parseJson(args.value, 'The value of the signal', 'Nothing was sent.')
    return this.withRun(args.run, flags, async (engine, run) => {
      await signalRun(engine, run, { name: args.name, value, ...(flags.key === undefined ? {} : { key: flags.key }) })
      const goesOn = await this.goesOn(engine, run, flags)
      const now = (await engine.records.getRun(run.id)) ?? run
      return this.present({ text: () => `Sent. ${goesOn}\n`, json: () => submittedJson(now) })
    })
  }
}
