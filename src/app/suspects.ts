import { spawn } from 'node:child_process'
import { getHeapStatistics } from 'node:v8'
import type { SuspectProcess } from '../engine/durable/embedded/suspects.ts'
import type { FlowLimits } from '../engine/durable/record-store.ts'

/** A journal of 256 MB (RUN-8) fits, as text and as values; a run that takes more dies of it, and takes nobody along (OWN-8). */
const HEAP_MB = 1024

/**
 * Starts this program anew for `engine suspects`, in the same folder and with the same environment, whose secrets it needs. It
 * drains when its standard input ends: so it does too when this process dies.
 */
export function startSuspectProcess(
  environment: Readonly<Record<string, string | undefined>>,
  onWarning: (text: string) => void,
  lanes: FlowLimits = {},
): SuspectProcess {
  const [, program = ''] = process.argv
  const heapMb = Math.min(HEAP_MB, Math.floor(getHeapStatistics().heap_size_limit / 1024 / 1024))
  const words = ['engine', 'suspects', ...Object.entries(lanes).map(([flow, count]) => `--lanes=${flow}=${count}`)]
  // The words that were meant for this command are not for that one.
  const { FLOWRUN_CLI_ARGS: _, ...env } = environment
  const child = spawn(process.execPath, [...process.execArgv, `--max-old-space-size=${heapMb}`, program, ...words], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<'done' | 'killed' | 'refused'>(resolve => {
    child.once('error', () => resolve('refused'))
    child.once('exit', code => resolve(code === 0 ? 'done' : code === null ? 'killed' : 'refused'))
  })
  void ended.then(how => {
    if (how === 'refused')
      onWarning('Runs whose processes died wait: the process of their own did not begin. flowrun engine suspects says why')
  })
  return {
    pid: child.pid,
    ended,
    drain: () => void child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
  }
}
