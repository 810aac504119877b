import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readReport } from '../operations/runs/report.ts'
import { readMessages, readStepTrace } from '../operations/runs/trace.ts'
import { readTrace } from '../operations/runs/trace-tree.ts'
import { stepTraceJson, stepTraceText, traceJson, traceText } from '../views/trace.ts'
import { traceOtlp } from '../views/trace-otlp.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'
import { RunCommand } from './run-command.ts'

export default class Trace extends RunCommand {
  static override id = 'trace'
  static override group = 'operate' as const
  static override brief = 'where a run spent its time and money'
  static override summary = 'Show where a run spent its time and money, step by step'
  static override description =
    'RUN is the id of a run, the last 4 or more characters of it, or @last. What a step was given is made again from the records, as the run made it; its messages are made again from that. --format otlp is OpenTelemetry, with the GenAI conventions and without content: for a collector, or any tool that takes OTLP/HTTP.'
  static override formats = ['text', 'json', 'otlp'] as const
  static override examples = [
    'flowrun trace @last',
    'flowrun trace VBWA --node answer --content',
    "flowrun trace VBWA --node 'each[3].summarise' --json",
    'flowrun trace VBWA --format otlp | curl --json @- http://localhost:4318/v1/traces',
  ]
  static override args = { run: Args.string({ required: true, description: 'id, its ending, or @last' }) }
  static override flags = {
    node: Flags.string({ helpGroup: 'What to show', helpValue: 'PATH', summary: 'one step: what it was given, what it gave' }),
    content: Flags.boolean({ helpGroup: 'What to show', summary: 'with --node: the messages to the model too' }),
    ...shown('What to show', 'environment', 'format', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags, args } = await this.parse(Trace)
    const { node, content } = flags
    if (content && node === undefined) {
      throw new OperationError({
        code: 'cli/bad-flag-value',
        summary: '--content needs --node',
        detail: 'Say which step: flowrun trace RUN --node PATH --content',
      })
    }
    if (this.format === 'otlp' && node !== undefined) {
      throw new OperationError({
        code: 'cli/conflicting-flags',
        summary: '--format otlp has all steps of a run, not one',
        detail: 'Leave out --node.',
      })
    }
    const { style } = this.terminal.out
    return this.withRun(args.run, flags, async (engine, run) => {
      if (this.format === 'otlp') {
        const trace = await readTrace(engine, run)
        return this.present({ otlp: () => traceOtlp(trace) })
      }
      if (node === undefined) {
        const report = await readReport(engine, run)
        return this.present({ text: () => traceText(report, style, this.host.clock.now()), json: () => traceJson(report) })
      }
      const trace = await readStepTrace(engine, run, node)
      const messages = content ? await readMessages(engine, trace) : []
      return this.present({ text: () => stepTraceText(trace, messages, style), json: () => stepTraceJson(trace, messages) })
    })
  }
}
