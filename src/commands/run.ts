import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import type { JsonValue } from '../base/json.ts'
import { systemErrorSentence } from '../base/system-error.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { type CallEvent, dryRun, PromptFailure, type RunOptions, run } from '../operations/run.ts'
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
import { showControls } from '../views/text-width.ts'
import { BaseCommand } from './base-command.ts'
import { readVariables, variableFlags } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Run extends BaseCommand {
  static override id = 'run'
  static override group = 'try' as const
  static override brief = 'run a flow: the working copy, or with -e what is deployed'
  static override summary = 'Run a prompt: the working copy, or with -e what is deployed'
  static override description =
    'The answer goes to stdout; usage and cost go to stderr. FLOWRUN_ENV does not turn a trial into a production run.'
  static override formats = ['text', 'json', 'jsonl'] as const
  static override examples = [
    'flowrun run prompt.answer --field question="What is a release?"',
    'flowrun run prompt.answer -e prod --input @question.json --json',
    'flowrun run prompt.answer --field question=Why --dry-run',
  ]
  static override exitCodes = 'Exit codes: 0 done, 1 error or failed run, 130 interrupted.'
  static override args = { flow: Args.string({ required: true, description: 'prompt.NAME; with -e also prompt.NAME@VERSION' }) }
  static override flags = {
    ...shown('What to run', 'environment'),
    model: Flags.string({ helpGroup: 'What to run', helpValue: 'ADDRESS', summary: 'ask another model; working copy only' }),
    ...Object.fromEntries(Object.entries(variableFlags).map(([name, flag]) => [name, { ...flag, helpGroup: 'What to run' }])),
    input: Flags.string({ helpGroup: 'Input', helpValue: 'JSON|@FILE|-', summary: 'the input as JSON; - is standard input' }),
    field: Flags.string({ helpGroup: 'Input', helpValue: 'NAME=VALUE', summary: 'one field of the input', multiple: true }),
    'dry-run': Flags.boolean({ helpGroup: 'How', summary: 'show the messages and their tokens; no call' }),
    'no-cache': Flags.boolean({ helpGroup: 'How', summary: 'ask a model also where an answer is kept, and keep none' }),
    'no-stream': Flags.boolean({ helpGroup: 'How', summary: 'print the answer when it is whole, on a terminal too' }),
    ...shown('What to show', 'json', 'jsonl'),
  }

  /** What a terminal has been shown of the answer. */
  #streamed = ''

  async run(): Promise<ExitCode> {
    const { flags, args, raw } = await this.parse(Run)
    const options: RunOptions = {
      flow: args.flow,
      ...(flags.environment ? { environment: flags.environment } : {}),
      variables: readVariables(raw),
      input: await this.#readInput(flags.input, flags.field ?? []),
      ...(flags.model === undefined ? {} : { model: flags.model }),
      signal: this.interruption(),
      withoutCache: flags['no-cache'],
      onWarning: text => this.note(`Warning: ${text}.\n`),
    }
    if (flags.model !== undefined && flags.environment !== undefined) throw conflictingModel()
    try {
      return flags['dry-run'] ? await this.#dryRun(options) : await this.#run(options, !flags['no-stream'])
    } catch (error) {
      if (error instanceof PromptFailure) return this.#failed(error)
      throw error instanceof OperationError && flags.field !== undefined ? withFieldHint(error) : error
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

  async #run(options: RunOptions, streamWanted: boolean): Promise<ExitCode> {
    const streams = this.format === 'jsonl' || (this.format === 'text' && streamWanted && this.terminal.out.isTerminal)
    const result = await run(createApp(this.host), {
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
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const { value } = result
    const isShown = this.#streamed !== ''
    this.#endStreamed()
    const text = () => (isShown ? '' : answerText(value))
    this.present({ text, json: () => resultJson(value), jsonl: () => runEvent({ type: 'result', result: value }, this.host.clock.now()) })
    this.note(summaryText(value))
    return exitCodes.done
  }

  async #dryRun(options: RunOptions): Promise<ExitCode> {
    const result = await dryRun(createApp(this.host), options)
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    return this.present({ text: () => dryRunText(result.value), json: () => dryRunJson(result.value) })
  }

  async #readInput(written: string | undefined, fields: readonly string[]): Promise<JsonValue> {
    const given = Object.fromEntries(fields.map(readField))
    if (written === undefined) return given
    const source = written === '-' ? await text(this.host.stdin) : written.startsWith('@') ? this.#readFile(written.slice(1)) : written
    const parsed = parseJson(source, written)
    return fields.length > 0 && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed, ...given } : parsed
  }

  #readFile(file: string): string {
    try {
      return readFileSync(resolve(this.host.workingFolder(), file), 'utf8')
    } catch (error) {
      throw new OperationError({
        code: 'cli/bad-flag-value',
        summary: `--input names a file that cannot be read: ${file}`,
        detail: `${systemErrorSentence(error)} No run was made.`,
      })
    }
  }
}

function readField(written: string): readonly [string, string] {
  const equals = written.indexOf('=')
  if (equals > 0) return [written.slice(0, equals), written.slice(equals + 1)]
  throw new OperationError({
    code: 'cli/bad-flag-value',
    summary: `--field cannot be "${written}"`,
    detail: 'Write a name and a value: --field question="Why?".',
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

function parseJson(source: string, written: string): JsonValue {
  try {
    return JSON.parse(source)
  } catch (error) {
    // It quotes the text, line breaks and all.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
    const from = written === '-' ? 'Standard input' : written.startsWith('@') ? written.slice(1) : '--input'
    throw new OperationError({ code: 'cli/bad-flag-value', summary: `${from} is not JSON`, detail: `${reason}.\nNo run was made.` })
  }
}

function conflictingModel(): OperationError {
  return new OperationError({
    code: 'cli/bad-flag-value',
    summary: '--model is for trials of the working copy',
    detail: 'Leave out -e, or --model. No run was made.',
  })
}
