import { createApp } from '../app.ts'
import type { RunRecord } from '../engine/durable/record-store.ts'
import type { RunEngine } from '../operations/runs/access.ts'
import { type Executed, executeRun, failedRun } from '../operations/runs/execute.ts'
import { findRun, isWorkedOn, withRunEngine } from '../operations/runs/find.ts'
import { type RunReport, readReport } from '../operations/runs/report.ts'
import { runReportJson, runResultEvent, runWatchEvent } from '../views/run-json.ts'
import { endText, outputText, runTitle, runTreeFrame, runTreeLines, shortRun, standingText } from '../views/run-tree.ts'
import { BaseCommand } from './base-command.ts'
import { readDuration } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Format } from './formats.ts'
import { createLiveText } from './live-text.ts'
import { createLiveTree, type LiveTree, silentTree } from './live-tree.ts'

/** How a command waits for a run, as its flags say. */
export interface WaitFlags {
  readonly wait?: string | undefined
  readonly 'cancel-on-interrupt'?: boolean
}

export interface Waiting {
  readonly waitMs?: number
  readonly cancelOnInterrupt: boolean
}

/** Read before anything is recorded. @throws OperationError cli/bad-flag-value */
export function readWaiting(flags: WaitFlags): Waiting {
  return {
    cancelOnInterrupt: flags['cancel-on-interrupt'] === true,
    ...(flags.wait === undefined ? {} : { waitMs: readDuration('wait', flags.wait) }),
  }
}

/** What commands share that work on a run and show it. */
export abstract class RunCommand extends BaseCommand {
  // The manifest has what a class and the one above it say, and no more.
  static override formats: readonly Format[] = ['text', 'json']
  static override streamsJson = false
  static override exitCodes = 'Exit codes: 0 done, 1 error.'

  /** Finds a run, and does something with what executes runs. */
  protected async withRun(
    name: string,
    flags: { readonly environment?: string | undefined },
    work: (engine: RunEngine, run: RunRecord) => Promise<ExitCode>,
  ): Promise<ExitCode> {
    const options = { ...this.chosenEnvironment(flags), onWarning: (text: string) => this.note(`Warning: ${text}.\n`) }
    const found = await withRunEngine(createApp(this.host), options, async (engine, project) =>
      work(engine, await findRun(engine, project, name)),
    )
    return found.outcome === 'invalid' ? this.report(found.diagnostics) : found.value
  }

  /** ` -e prod`, for a hint that can be pasted. */
  protected environmentWords({ environment }: { readonly environment?: string | undefined }): string {
    return environment === undefined ? '' : ` -e ${environment}`
  }

  /** How to see a run go on: somebody works on it, or has to begin. */
  protected async goesOn(engine: RunEngine, { id }: RunRecord, flags: { readonly environment?: string | undefined }): Promise<string> {
    const where = `${shortRun(id)}${this.environmentWords(flags)}`
    if (await isWorkedOn(engine)) return `The run goes on: flowrun runs watch ${where}`
    return `To go on with it: flowrun runs resume ${where}`
  }

  /** Works on a run in this process, and shows it while it goes on and when it is left. */
  protected async workOn(engine: RunEngine, run: RunRecord, { waitMs, cancelOnInterrupt }: Waiting): Promise<ExitCode> {
    this.note(`${runTitle(run, this.terminal.err.style)}\n\n`)
    const live = createLiveText()
    const tree = this.liveTree(async () => readReport(engine, (await engine.records.getRun(run.id)) ?? run), live.texts)
    try {
      const executed = await executeRun(engine, run.id, {
        signal: this.interruption(),
        cancelOnInterrupt,
        ...(waitMs === undefined ? {} : { waitMs }),
        onEvent: event => {
          live.take(event)
          if (this.format === 'jsonl') this.print(runWatchEvent(event))
          else tree.change()
        },
        onStopping: () => {
          tree.end()
          this.note('Waiting for the steps in hand, so that they are not paid for twice. Ctrl-C again stops at once.\n\n')
        },
      })
      tree.end()
      return this.leave(await readReport(engine, executed.run), executed.because)
    } finally {
      tree.end()
    }
  }

  /** Drawn on a terminal alone. */
  protected liveTree(report: () => Promise<RunReport>, texts: ReadonlyMap<string, string>): LiveTree {
    const { err } = this.terminal
    if (!err.isTerminal || this.forMachine || this.host.environment.CI || this.isQuiet) return silentTree
    return createLiveTree(err, async () => runTreeFrame(await report(), err.style, this.host.clock.now(), texts))
  }

  /** The last that is said of a run: how its nodes stand, then its output, its error, or how to go on. */
  protected leave(report: RunReport, because: Executed['because']): ExitCode {
    const { run } = report
    const { err } = this.terminal
    const nowMs = this.host.clock.now()
    const code = run.state === 'succeeded' ? exitCodes.done : (this.interruptedCode ?? exitOf(run))
    if (this.forMachine) return this.present({ json: () => runReportJson(report), jsonl: () => runResultEvent(report, nowMs) }, code)
    this.note(
      runTreeLines(report, err.style, nowMs)
        .map(line => `${line}\n`)
        .join(''),
    )
    if (because !== 'ended') {
      this.note(`\n${standingText(report, because)}`)
      return code
    }
    this.note(`\n${endText(report)}\n`)
    if (run.state === 'succeeded') {
      this.note('\n')
      return this.present({ text: () => outputText(run) }, code)
    }
    const failure = failedRun(run)
    if (failure) {
      this.note('\n')
      this.showFailure(failure)
    }
    return code
  }
}

function exitOf({ state }: RunRecord): ExitCode {
  if (state === 'succeeded') return exitCodes.done
  return state === 'failed' || state === 'cancelled' ? exitCodes.error : exitCodes.unfinished
}
