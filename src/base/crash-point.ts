/** The instants at which a test may kill the process: A, the steps of an apply; E, those of a step of a run. */
export type CrashPoint =
  | 'A1-locked'
  | 'A2-uploading'
  | 'A2-uploaded'
  | 'A3-begun'
  | 'A4-inserted'
  | 'A4-committed'
  | 'A5-state-written'
  | 'A6-unlocked'
  | 'E1-attempt-begun'
  | 'E2-effect-done'
  | 'E3-step-recorded'
  | 'E4-run-ended'

/** Read once: a look at the environment takes a microsecond, and a step of a run passes four points. */
const crashAt = process.env.FLOWRUN_TEST === '1' ? process.env.FLOWRUN_CRASH_AT : undefined

/**
 * Dies here, as by `kill -9`, when a test asks for it: `FLOWRUN_CRASH_AT` names the point and `FLOWRUN_TEST` is 1.
 * Nothing is flushed, and no handler runs.
 */
export function crashPoint(name: CrashPoint): void {
  if (crashAt === name) process.kill(process.pid, 'SIGKILL')
}
