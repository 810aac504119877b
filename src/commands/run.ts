import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type FoundFlow, findFlow } from '../operations/flow.ts'
import { type CallEvent, dryRun, PromptFailure, type RunOptions, run } from '../operations/run.ts'
import { isWorkedOn } from '../operations/runs/find.ts'
import { type SubmitOptions, submitRun } from '../operations/runs/submit.ts'
import { createWorkingCopy } from '../operations/runs/working-copy.ts'
import {
  answerText,
  dryRunJson,
  dryRunText,
  escalationText,
  repairText,
  resultJson,
  runEvent,
  spentText,
  summaryText,
} from '../views/run.ts'
import { submittedEvent, submittedJson } from '../views/run-json.ts'
import { shortRun } from '../views/run-tree.ts'
import { showControls } from '../views/text-width.ts'
import { readDuration, readVariables, variableFlags } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'
import { RunCommand, readWaiting, type WaitFlags } from './run-command.ts'
import { readInput, readSession } from './run-input.ts'

export default class Run extends RunCommand {
  static override id = 'run'
  static override group = 'try' as const
  static override brief = 'run a flow: the working copy, or with -e what is deployed'
  static override summary = 'Run a workflow or a prompt: the working copy, or with -e what is deployed'
  static override description =
    'The answer goes to stdout; nodes, usage and cost go to stderr. A workflow is recorded step by step: when this process ends, another goes on with it. FLOWRUN_ENV does not turn a trial into a production run.'
  static override formats = ['text', 'json', 'jsonl'] as const
  static override usage = 'flowrun run FLOW [-] [options]'
  static override examples = [
    'flowrun run prompt.answer --field question="What is a release?"',
    'flowrun run prompt.answer -e prod --input @question.json --json',
    'flowrun run prompt.answer --field question=Why --dry-run',
    'flowrun run workflow.support --field message=Hi --detach',
  ]
  static override exitCodes = 'Exit codes: 0 done, 1 error or failed run, 5 waits or is paused, 130 interrupted.'
  static override args = {
    flow: Args.string({ required: true, description: 'workflow.NAME or prompt.NAME; with -e also prompt.NAME@VERSION' }),
    input: Args.string({ description: '-: the input comes from standard input' }),
  }
  static override flags = {
    ...shown('What to run', 'environment'),
    model: Flags.string({ helpGroup: 'What to run', helpValue: 'ADDRESS', summary: 'ask another model; working copy only' }),
    ...Object.fromEntries(Object.entries(variableFlags).map(([name, flag]) => [name, { ...flag, helpGroup: 'What to run' }])),
    input: Flags.string({ helpGroup: 'Input', helpValue: 'JSON|@FILE|-', summary: 'the input as JSON; - is standard input' }),
    field: Flags.string({ helpGroup: 'Input', helpValue: 'NAME=VALUE', summary: 'one field of the input', multiple: true }),
    session: Flags.string({
      helpGroup: 'Input',
      helpValue: 'NAME=VALUE',
      summary: 'who asks: id, user, tenant, locale, timezone',
      multiple: true,
    }),
    'dry-run': Flags.boolean({ helpGroup: 'How', summary: 'show the messages and their tokens; no call' }),
    'no-cache': Flags.boolean({ helpGroup: 'How', summary: 'take nothing from a cache, and keep nothing there' }),
    detach: Flags.boolean({ helpGroup: 'How', summary: 'print the id of the run, and leave it to an engine' }),
    wait: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'not longer than this: 30s; the run goes on (exit 5)' }),
    'cancel-on-interrupt': Flags.boolean({ helpGroup: 'How', summary: 'Ctrl-C cancels the run' }),
    'idempotency-key': Flags.string({ helpGroup: 'How', helpValue: 'KEY', summary: 'one run for this key, however often it is asked for' }),
    deadline: Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'the run fails when it is not over by then: 10m' }),
    priority: Flags.integer({ helpGroup: 'How', helpValue: 'N', summary: 'higher ones first; 0 without it', min: -100, max: 100 }),
    'no-stream': Flags.boolean({ helpGroup: 'How', summary: 'print the answer when it is whole, on a terminal too' }),
    ...shown('What to show', 'json', 'jsonl'),
  }

  /** What a terminal has been shown of the answer. */
  #streamed = ''

  async run(): Promise<ExitCode> {
    const { flags, args, raw } = await this.parse(Run)
    if (flags.model !== undefined && flags.environment !== undefined) throw conflictingModel()
    const written = { input: readWritten(args.input, flags.input), fields: flags.field ?? [] }
    const session = readSession(flags.session ?? [])
    const found = await findFlow(createApp(this.host), {
      flow: args.flow,
      ...this.chosenEnvironment(flags),
      variables: readVariables(raw),
      ...(flags.model === undefined ? {} : { model: flags.model }),
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    try {
      const input = await readInput(written, this.host)
      const recorded = ENGINE_FLAGS.filter(name => flags[name] !== undefined && flags[name] !== false)
      const direct = DIRECT_FLAGS.filter(name => flags[name] !== undefined && flags[name] !== false)
      if (found.kind === 'workflow' || recorded.length > 0) {
        if (direct[0] !== undefined) throw misplacedFlag(direct[0], found.kind === 'workflow' ? found.closure.address : `--${recorded[0]}`)
        return await this.#submit(found, { input, session }, { ...flags, variables: readVariables(raw) })
      }
      const options: RunOptions = {
        ...{ input, session },
        ...(flags.model === undefined ? {} : { model: flags.model }),
        signal: this.interruption(),
        withoutCache: flags['no-cache'],
        onWarning: text => this.note(`Warning: ${text}.\n`),
      }
      return flags['dry-run'] ? await this.#dryRun(found, options) : await this.#run(found, options, !flags['no-stream'])
    } catch (error) {
      if (error instanceof PromptFailure) return this.#failed(error)
      throw error instanceof OperationError && flags.field !== undefined ? withFieldHint(error) : error
    }
  }

  /** Records the run, then works on it here, unless it is left to an engine. */
  async #submit(flow: FoundFlow, given: Pick<SubmitOptions, 'input' | 'session'>, flags: SubmitFlags): Promise<ExitCode> {
    const host = createApp(this.host)
    const { project, environments } = flow
    const waiting = readWaiting(flags)
    const engine = await host.openRunEngine(host.workingDirectory, {
      project,
      environments,
      workingCopy: createWorkingCopy(host, flags.variables),
      onWarning: text => this.note(`Warning: ${text}.\n`),
    })
    try {
      const { run, replayed } = await submitRun(host, engine, flow, {
        ...given,
        ...(flags['idempotency-key'] === undefined ? {} : { idempotencyKey: flags['idempotency-key'] }),
        ...(flags.deadline === undefined ? {} : { deadlineMs: readDuration('deadline', flags.deadline) }),
        ...(flags.priority === undefined ? {} : { priority: flags.priority }),
        withoutCache: flags['no-cache'],
      })
      if (replayed) this.note(`The key "${flags['idempotency-key']}" has made this run before: no other was made.\n\n`)
      if (!flags.detach) return await this.workOn(engine, run, waiting)
      this.present({
        text: () => `${run.id}\n`,
        json: () => submittedJson(run),
        jsonl: () => submittedEvent(run, this.host.clock.now()),
      })
      if (!(await isWorkedOn(engine))) this.next('flowrun engine start', `flowrun runs resume ${shortRun(run.id)}`)
      return exitCodes.done
    } finally {
      await engine.close()
    }
  }

  #failed({ diagnostic, spent }: PromptFailure): ExitCode {
    const code = this.interruptedCode
    if (code !== undefined && !this.forMachine) {
      // The terminal has written ^C.
      this.note(`\n${spentText('Stopped', spent)}`)
    } else {
      this.#endStreamed()
      this.showFailure(diagnostic)
      this.note(spentText('Failed', spent))
    }
    return code ?? exitCodes.error
  }

  /** What follows stands on a line of its own. */
  #endStreamed(): void {
    if (this.#streamed !== '' && !this.#streamed.endsWith('\n')) this.print('\n')
    this.#streamed = ''
  }

  #stream(event: CallEvent): void {
    if (event.type === 'text-delta') {
      this.#streamed += event.text
      this.print(showControls(event.text))
    } else if (event.type === 'repair') {
      this.#endStreamed()
      this.note(repairText(event.problems))
    } else if (event.type === 'escalation' && this.#streamed !== '') {
      this.#endStreamed()
      this.note(escalationText(event))
    }
  }

  async #run(flow: FoundFlow, options: RunOptions, streamWanted: boolean): Promise<ExitCode> {
    const streams = this.format === 'jsonl' || (this.format === 'text' && streamWanted && this.terminal.out.isTerminal)
    const value = await run(createApp(this.host), flow, {
      ...options,
      ...(streams
        ? {
            onEvent: event => {
              if (this.format === 'jsonl') this.print(runEvent(event, this.host.clock.now()))
              else this.#stream(event)
            },
          }
        : {}),
    })
    const isShown = this.#streamed !== ''
    this.#endStreamed()
    const text = () => (isShown ? '' : answerText(value))
    this.present({ text, json: () => resultJson(value), jsonl: () => runEvent({ type: 'result', result: value }, this.host.clock.now()) })
    this.note(summaryText(value))
    return exitCodes.done
  }

  async #dryRun(flow: FoundFlow, options: RunOptions): Promise<ExitCode> {
    const rendered = await dryRun(createApp(this.host), flow, options)
    return this.present({ text: () => dryRunText(rendered), json: () => dryRunJson(rendered) })
  }
}

/** A run that is recorded has these; a prompt that is asked directly has the others. */
const ENGINE_FLAGS = ['detach', 'wait', 'cancel-on-interrupt', 'idempotency-key', 'deadline', 'priority'] as const
const DIRECT_FLAGS = ['model', 'dry-run'] as const

interface SubmitFlags extends WaitFlags {
  readonly variables: readonly VariableFlag[]
  readonly detach: boolean
  readonly 'no-cache': boolean
  readonly 'idempotency-key'?: string | undefined
  readonly deadline?: string | undefined
  readonly priority?: number | undefined
}

/** The input stands in one place: `-` after the flow, or `--input`. */
function readWritten(argument: string | undefined, flag: string | undefined): string | undefined {
  if (argument === undefined) return flag
  if (argument === '-' && flag === undefined) return argument
  throw new OperationError({
    code: argument === '-' ? 'cli/conflicting-flags' : 'cli/unexpected-argument',
    summary: argument === '-' ? '- and --input both say where the input comes from' : `flowrun run does not take "${argument}"`,
    detail: 'Give the input by --field, by --input, or by - from standard input. No run was made.',
  })
}

function misplacedFlag(flag: string, where: string): OperationError {
  return new OperationError({
    code: 'cli/conflicting-flags',
    summary: `--${flag} is for a prompt that is asked directly, not for ${where}`,
    detail: `Leave out --${flag}. No run was made.`,
  })
}

/** `--field count=3` gives the text "3". */
function withFieldHint(error: OperationError): OperationError {
  const { diagnostic } = error
  if (error.code !== 'run/invalid-input' || !diagnostic.notes?.some(note => /, expected (?!string)/.test(note))) return error
  return new OperationError({
    ...diagnostic,
    detail: `--field gives text; what is no text goes into --input as JSON. ${diagnostic.detail}`,
  })
}

function conflictingModel(): OperationError {
  return new OperationError({
    code: 'cli/bad-flag-value',
    summary: '--model is for trials of the working copy',
    detail: 'Leave out -e, or --model. No run was made.',
  })
}
