import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { type Clock, systemClock } from '../base/clock.ts'

/** What a command has of the process that it runs in; tests hand in their own. */
export interface Host {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  readonly clock: Clock
  /** Randomness for ids. */
  readonly random: (size: number) => Uint8Array
  /** The folder in which the command was typed, or that of `-chdir`. */
  workingFolder(): string
  /** @throws Error with a code as of node:fs when there is no such folder. */
  changeFolder(folder: string): void
}

export function processHost(): Host {
  const fixed = fixedTime(process.env)
  return {
    environment: process.env,
    // Opened when somebody reads it: it takes 1 ms, and most commands ask nothing.
    get stdin() {
      return asTyped(process.stdin)
    },
    stdout: process.stdout,
    stderr: asTyped(process.stderr),
    clock: fixed === undefined ? systemClock : { now: () => fixed, monotonic: () => 0 },
    // Also in tests: two applies with one id would be one apply.
    random: randomBytes,
    workingFolder: () => process.cwd(),
    changeFolder: folder => process.chdir(folder),
  }
}

/** FLOWRUN_TEST_TERMINAL=1 makes a pipe look like a terminal, so that a transcript can hold questions and answers. */
function asTyped<Stream extends object>(stream: Stream): Stream {
  const wanted = process.env.FLOWRUN_TEST === '1' && process.env.FLOWRUN_TEST_TERMINAL === '1'
  return wanted ? Object.assign(stream, { isTTY: true }) : stream
}

/** FLOWRUN_TEST_CLOCK, an RFC 3339 time, holds every clock still; only under FLOWRUN_TEST=1, so that no deployment can. */
function fixedTime(environment: Host['environment']): number | undefined {
  if (environment.FLOWRUN_TEST !== '1' || environment.FLOWRUN_TEST_CLOCK === undefined) return undefined
  const time = Date.parse(environment.FLOWRUN_TEST_CLOCK)
  return Number.isNaN(time) ? undefined : time
}
