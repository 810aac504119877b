import type { RunRecord } from '../engine/durable/record-store.ts'
import type { RunEngine } from '../operations/runs/access.ts'
import { type Executed, executeRun, failedRun } from '../operations/runs/execute.ts'
import { type RunReport, readReport } from '../operations/runs/report.ts'
import { runReportJson, runResultEvent, runWatchEvent } from '../views/run-json.ts'
import { endText, outputText, runTitle, runTreeLines, standingText } from '../views/run-tree.ts'
import { BaseCommand } from './base-command.ts'
import { readDuration } from './configuration-flags.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { createLiveTree, type LiveTree, silentTree } from './live-tree.ts'

/** How a command waits for a run, as its flags say. */
export interface WaitFlags {
  readonly wait?: string | undefined
  readonly 'cancel-on-interrupt'?: boolean
}

/** What commands share that work on a run and show it. */
export abstract class RunCommand extends BaseCommand {
  /** Works on a run in this process, and shows it while it goes on and when it is left. */
  protected async workOn(engine: RunEngine, run: RunRecord, flags: WaitFlags): Promise<ExitCode> {
    this.note(`${runTitle(run, this.terminal.err.style)}\n\n`)
    const tree = this.liveTree(async () => readReport(engine, (await engine.records.getRun(run.id)) ?? run))
    try {
      const executed = await executeRun(engine, run.id, {
        signal: this.interruption(),
        cancelOnInterrupt: flags['cancel-on-interrupt'] === true,
        ...(flags.wait === undefined ? {} : { waitMs: readDuration('wait', flags.wait) }),
        onEvent: event => {
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
  protected liveTree(report: () => Promise<RunReport>): LiveTree {
    const { err } = this.terminal
    if (!err.isTerminal || this.forMachine || this.host.environment.CI || this.isQuiet) return silentTree
    return createLiveTree(
      text => err.write(text),
      async () => runTreeLines(await report(), err.style, this.host.clock.now()),
    )
  }

  /** The last that is said of a run: how its nodes stand, then its output, its error, or how to go on. */
  protected leave(report: RunReport, because: Executed['because']): ExitCode {
    const { run } = report
    const { err } = this.terminal
    const nowMs = this.host.clock.now()
    const code = because === 'interrupted' ? (this.interruptedCode ?? exitCodes.interrupted) : exitOf(run)
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
    return this.interruptedCode ?? code
  }
}

function exitOf({ state }: RunRecord): ExitCode {
  if (state === 'succeeded') return exitCodes.done
  return state === 'failed' || state === 'cancelled' ? exitCodes.error : exitCodes.unfinished
}
