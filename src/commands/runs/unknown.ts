import * as Args from '@oclif/core/args'
import { settleUnknown } from '../../operations/runs/control.ts'
import { submittedJson } from '../../views/run-json.ts'
import type { ExitCode } from '../exit-codes.ts'
import { shown } from '../flags.ts'
import { RunCommand } from '../run-command.ts'

export default class RunsUnknown extends RunCommand {
  static override id = 'runs unknown'
  static override group = 'operate' as const
  static override hidden = true
  static override summary = 'Say whether a step that was interrupted was done, or is to be repeated'
  static override description =
    'A step that must run once, and whose process ended in the middle, is not repeated blindly: look where it acts, then say what is so.'
  static override usage = 'flowrun runs unknown RUN NODE done|repeat [options]'
  static override examples = ['flowrun runs unknown VBWA pay done', 'flowrun runs unknown VBWA pay repeat']
  static override args = {
    run: Args.string({ required: true, description: 'id, its ending, or @last' }),
    node: Args.string({ required: true, description: 'the path of the step' }),
    as: Args.string({ required: true, options: ['done', 'repeat'] }),
  }
  static override flags = { ...shown('What to settle', 'environment', 'json') }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(RunsUnknown)
    return this.withRun(args.run, flags, async (engine, run) => {
      await settleUnknown(engine, run, args.node, args.as === 'done' ? 'done' : 'repeat')
      const said = args.as === 'done' ? `"${args.node}" counts as done.` : `"${args.node}" is done again.`
      const goesOn = await this.goesOn(engine, run, flags)
      const now = (await engine.records.getRun(run.id)) ?? run
      return this.present({ text: () => `${said} ${goesOn}\n`, json: () => submittedJson(now) })
    })
  }
}
