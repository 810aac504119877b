import * as Flags from '@oclif/core/flags'
import { createApp } from '../../app.ts'
import type { Deployed } from '../../operations/deployed.ts'
import type { OperationHost } from '../../operations/project.ts'
import type { StateChanged, StateChangeOptions } from '../../operations/state/change.ts'
import { stateChangedJson, stateChangedText } from '../../views/state.ts'
import { BaseCommand } from '../base-command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shown } from '../flags.ts'

/** Flags of every command that writes the state. */
export const stateChangeFlags = {
  'dry-run': Flags.boolean({ helpGroup: 'How', summary: 'say what would happen, change nothing', default: false }),
  'lock-timeout': Flags.string({ helpGroup: 'How', helpValue: 'TIME', summary: 'how long to wait for the lock', default: '20s' }),
  ...shown('What to show', 'environment', 'json'),
}

interface StateChangeValues {
  readonly environment?: string | undefined
  readonly 'dry-run': boolean
  readonly 'lock-timeout': string
}

/** A command that changes what a state owns, under its lock. */
export abstract class StateChangeCommand extends BaseCommand {
  static override group = 'repair' as const
  static override hidden = true
  static override exitCodes = 'Exit codes: 0 done, 1 error, 130 interrupted.'

  /** @param headline as of `stateChangedText`. */
  protected async change(
    flags: StateChangeValues,
    headline: string,
    work: (host: OperationHost, options: StateChangeOptions) => Promise<Deployed<StateChanged>>,
  ): Promise<ExitCode> {
    const options: StateChangeOptions = {
      ...this.chosenEnvironment(flags),
      dryRun: flags['dry-run'],
      ...this.locking(flags['lock-timeout']),
    }
    try {
      const changed = await work(createApp(this.host), options)
      if (changed.outcome === 'invalid') return this.report(changed.diagnostics)
      return this.present({
        text: () => stateChangedText(changed.value, headline),
        json: () => stateChangedJson(changed.value),
      })
    } catch (error) {
      // Only the wait for the lock can be interrupted: what comes after it takes milliseconds.
      if (!(error instanceof Error) || error.name !== 'AbortError') throw error
      this.note('Stopped while waiting for the lock. Nothing was changed.\n')
      return this.interruptedCode ?? exitCodes.interrupted
    }
  }
}
