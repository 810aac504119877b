/** What the shell is told; scripts branch on it. */
export const exitCodes = Object.freeze({
  done: 0,
  /** Configuration, usage, the world, a failed run, a declined question. */
  error: 1,
  /** `plan -detailed-exitcode` alone. */
  changes: 2,
  /** A rule said no: gate, hold, failed test, `fmt -check`. */
  refused: 3,
  inconclusive: 4,
  /** The run waits for a person or is paused. */
  unfinished: 5,
  bug: 70,
  interrupted: 130,
  terminated: 143,
})

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
