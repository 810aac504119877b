import { appendFileSync, writeFileSync } from 'node:fs'
import { Command } from '@oclif/core/command'
import type { Input, ParserOutput } from '@oclif/core/interfaces'
import { invariant } from '../base/invariant.ts'
import { systemErrorSentence } from '../base/system-error.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { LockOptions } from '../operations/locked.ts'
import { annotationText } from '../views/annotation.ts'
import { diagnosticEvents, diagnosticsDocument, diagnosticsJson } from '../views/diagnostic-json.ts'
import { diagnosticsText, diagnosticText } from '../views/diagnostic-text.ts'
import { logEvent, versionEvent } from '../views/event.ts'
import type { CommandGroup } from '../views/help.ts'
import { withDiagnostics } from '../views/json-document.ts'
import { lockText, takeoverText } from '../views/recovered.ts'
import { createTerminal, type Terminal } from '../views/terminal.ts'
import { readDuration } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { globalFlags } from './flags.ts'
import { chooseFormat, FOREIGN_FORMATS, type Format, machineFormatOf, readAlso } from './formats.ts'
import type { Host } from './host.ts'
import { type Interruption, listenForInterruption } from './interruption.ts'
import { parseWords } from './parse.ts'

/** One form of a result: its whole text, with the newline at its end. */
export type Views = Partial<Record<Format, () => string>>

/** How `report` shows diagnostics. */
export interface ReportOptions {
  /** All errors, not only the first 20. */
  readonly all?: boolean
  /** One line for each warning. */
  readonly compactWarnings?: boolean
  /** What follows the counts; `Nothing was changed.` unless said. */
  readonly ending?: string
}

type GlobalValues = ParserOutput<typeof globalFlags>['flags']

/** What every command shares: arguments, the terminal, formats, questions. A command turns flags into an operation and its result into a view. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags
  static group: CommandGroup = 'other'
  /** The line of `flowrun --help`; a command without one stands in a line of names. */
  static brief: string | undefined
  /** The name in such a line: `explain CODE`. */
  static listedAs: string | undefined
  static formats: readonly Format[] = ['text', 'json']
  /** `--json` means the event stream here, as it does in Terraform. */
  static streamsJson = false
  static exitCodes = 'Exit codes: 0 done, 1 error.'

  #host: Host | undefined
  #terminal: Terminal | undefined
  #flags: GlobalValues | undefined
  #format: Format = 'text'
  /** The version was printed, which every stream begins with. */
  #streamBegun = false
  #interruption: Interruption | undefined
  /** What failed when the work was done already: shown behind its result. */
  #late: Diagnostic[] = []

  abstract override run(): Promise<ExitCode>

  /** Runs the command in a host; errors of an operation are shown, our own bugs go up to the caller. */
  async execute(host: Host): Promise<ExitCode> {
    this.#host = host
    const statics = this.constructor as typeof BaseCommand
    this.#format = machineFormatOf(this.argv, statics)
    try {
      this.#flags = (await this.parse(statics)).flags
      this.#format = chooseFormat(this.id ?? '', this.#flags, statics)
      if (this.#flags.chdir !== undefined) this.#enter(this.#flags.chdir)
      const exitCode = await this.run()
      return this.#concludeLate() ?? exitCode
    } catch (error) {
      if (!(error instanceof OperationError)) throw error
      this.showFailure(error.diagnostic)
      return this.interruptedCode ?? exitCodes.error
    } finally {
      this.#interruption?.forget()
    }
  }

  /** The arguments, typed by the class's `flags` and `args`. */
  protected override async parse<F extends object, B extends object, A extends object>(
    options?: Input<F, B, A>,
    words: string[] = this.argv,
  ): Promise<ParserOutput<F, B, A>> {
    return await parseWords(this, options ?? (this.constructor as unknown as Input<F, B, A>), words)
  }

  protected get host(): Host {
    invariant(this.#host, 'cli/no-host', 'a command was run outside a host')
    return this.#host
  }

  protected get terminal(): Terminal {
    const flags = this.#flags
    this.#terminal ??= createTerminal({
      ...this.host,
      noColor: flags?.['no-color'] ?? false,
      noInput: flags !== undefined && 'input' in flags && flags.input === false,
    })
    return this.#terminal
  }

  /** The form of stdout that was asked for. */
  protected get format(): Format {
    return this.#format
  }

  /** `-e NAME`, for an operation; without it the operation chooses. */
  protected chosenEnvironment(flags: { readonly environment?: string | undefined }): { readonly environment?: string } {
    return flags.environment === undefined ? {} : { environment: flags.environment }
  }

  /** Text is for a person, and so is what stands beside a form of another tool; every other form is for a machine, and then stderr stays empty. */
  protected get forMachine(): boolean {
    return this.#format !== 'text' && !FOREIGN_FORMATS.has(this.#format)
  }

  /** Writes a part of a result to stdout while it comes: the tokens of an answer, the events of a stream. */
  protected print(text: string): void {
    if (text === '') return
    const opening = this.#format === 'jsonl' && !this.#streamBegun ? versionEvent(this.host.clock.now()) : ''
    this.#streamBegun = true
    this.terminal.out.write(opening + text)
  }

  /** Only the result and errors are wanted. */
  protected get isQuiet(): boolean {
    return this.#flags?.quiet === true
  }

  /** Writes a note, a progress line or a hint to stderr: not under --quiet, and never beside a machine's form. */
  protected note(text: string): void {
    if (!this.forMachine && !this.isQuiet) this.terminal.err.write(text)
  }

  /** A note that a stream of events has as well. */
  protected tell(text: string): void {
    this.note(text)
    if (this.#format === 'jsonl') this.print(logEvent(text, this.host.clock.now()))
  }

  /** How a lock is waited for, and what is told of it. @param timeout as given: `20s`. */
  protected locking(timeout: string): Required<Omit<LockOptions, 'lock'>> {
    return {
      lockTimeoutMs: readDuration('lock-timeout', timeout),
      signal: this.interruption(),
      onWaitingForLock: by => this.tell(lockText(by, timeout)),
      onTookOver: from => this.tell(takeoverText(from, this.host.clock.now())),
      onStillLocked: error => this.failLate(error),
    }
  }

  /** Something failed when the work was done already: it is shown behind the result, and the command ends with 1. */
  protected failLate({ diagnostic }: OperationError): void {
    this.#late.push(diagnostic)
  }

  /** One line on a terminal's stderr that the next call replaces; an empty text erases it. Nothing elsewhere. */
  protected progress(text: string): void {
    const { err } = this.terminal
    if (!err.isTerminal || this.forMachine || this.host.environment.CI) return
    err.write(`\r\u001b[2K${text}`)
  }

  /** Somebody reads along who may want to know what comes next; machines and CI do not. */
  protected get givesHints(): boolean {
    const { environment } = this.host
    return !environment.CI && !environment.FLOWRUN_IN_AUTOMATION
  }

  /** `Next:` and the commands that may follow. */
  protected next(...commands: readonly string[]): void {
    if (!this.givesHints) return
    const { secondary } = this.terminal.err.style.paint
    this.note(['Next:', ...commands.map(command => `  ${command}`)].map(line => `${secondary(line)}\n`).join(''))
  }

  /** Writes the result in the form that was asked for to stdout, and before that in those of --also to their files. */
  protected present(views: Views, exitCode: ExitCode = exitCodes.done): ExitCode {
    for (const { format, file } of readAlso(this.#flags?.also ?? [], this.id ?? '', (this.constructor as typeof BaseCommand).formats)) {
      const text = `${format === 'jsonl' ? versionEvent(this.host.clock.now()) : ''}${views[format]?.() ?? ''}`
      try {
        if (file === this.host.environment.GITHUB_STEP_SUMMARY) appendFileSync(file, text)
        else writeFileSync(file, text)
      } catch (error) {
        throw new OperationError(
          { code: 'cli/cannot-write', summary: `${file} cannot be written`, detail: systemErrorSentence(error) },
          { cause: error },
        )
      }
    }
    const text = views[this.#format]?.() ?? ''
    this.print(this.#format === 'json' && this.#late.length > 0 ? withDiagnostics(text, diagnosticsJson(this.#late)) : text)
    return exitCode
  }

  /**
   * Shows what configuration got wrong: to stderr as text, or as the document of a machine's form.
   *
   * @returns exit code 1 when there is an error, else 0.
   */
  protected report(diagnostics: readonly Diagnostic[], options: ReportOptions = {}): ExitCode {
    const errors = diagnostics.filter(diagnostic => diagnostic.severity === 'error')
    if (this.forMachine) {
      if (errors.length > 0) this.#printForMachine(diagnostics)
    } else {
      const placed = errors.some(error => error.subject !== undefined)
      const { err } = this.terminal
      const shown = this.#flags?.quiet ? errors : diagnostics
      err.write(
        diagnosticsText(shown, err.style, {
          ...options,
          hint: err.isTerminal,
          ...(placed ? { ending: options.ending ?? 'Nothing was changed.' } : {}),
        }),
      )
      // The result follows.
      if (errors.length === 0 && shown.length > 0) err.write('\n')
      this.#annotate(shown)
    }
    return errors.length > 0 ? exitCodes.error : exitCodes.done
  }

  /** Shows why an operation failed. */
  protected showFailure(diagnostic: Diagnostic): void {
    if (this.forMachine) {
      this.#printForMachine([diagnostic])
      return
    }
    const { err } = this.terminal
    err.write(`${diagnosticText(diagnostic, err.style)}\n`)
    this.#annotate([diagnostic])
  }

  /** One document has them in it already. */
  #concludeLate(): ExitCode | undefined {
    if (this.#late.length === 0) return undefined
    if (this.#format !== 'json') for (const diagnostic of this.#late) this.showFailure(diagnostic)
    return exitCodes.error
  }

  #printForMachine(diagnostics: readonly Diagnostic[]): void {
    this.print(this.#format === 'jsonl' ? diagnosticEvents(diagnostics, this.host.clock.now()) : diagnosticsDocument(diagnostics))
  }

  /**
   * Asks for an approval; only the word `yes` is one. `--yes` has answered already.
   *
   * @param unattended what to say where nobody can be asked, and how to approve beforehand.
   * @throws OperationError cli/needs-approval
   */
  protected async approves(question: string, unattended: { readonly summary: string; readonly detail: string }): Promise<boolean> {
    if (this.#flags?.yes) return true
    if (!this.terminal.canAsk || this.forMachine) throw new OperationError({ code: 'cli/needs-approval', ...unattended })
    const answer = await this.ask(`${question} Only "yes" is accepted: `)
    return answer?.trim() === 'yes'
  }

  /** Undefined at the end of input and after Ctrl-C. */
  protected ask(question: string): Promise<string | undefined> {
    return this.terminal.ask(question, this.#interruption?.signal)
  }

  #enter(folder: string): void {
    try {
      this.host.changeFolder(folder)
    } catch (error) {
      throw new OperationError(
        { code: 'cli/no-such-folder', summary: `There is no folder "${folder}"`, detail: 'Nothing was changed.' },
        { cause: error },
      )
    }
  }

  /**
   * The first Ctrl-C or SIGTERM aborts the signal, so that the step in hand is finished or undone; the second ends the process.
   * A command that does not ask for it is ended by the first.
   */
  protected interruption(): AbortSignal {
    this.#interruption ??= listenForInterruption()
    return this.#interruption.signal
  }

  /** What ends a command that was interrupted; undefined when it was not. */
  protected get interruptedCode(): ExitCode | undefined {
    const signal = this.#interruption?.signal
    if (!signal?.aborted) return undefined
    return signal.reason === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted
  }

  #annotate(diagnostics: readonly Diagnostic[]): void {
    if (!this.host.environment.GITHUB_ACTIONS) return
    for (const diagnostic of diagnostics) this.terminal.err.write(annotationText(diagnostic))
  }
}
