import { dispatch } from './dispatch.ts'
import { processHost } from './host.ts'

/** Runs the command that the process was started with, and ends the process with its exit code. */
export async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOnClosedPipe)
  const exitCode = await dispatch(process.argv.slice(2), processHost())
  // Both streams are empty before the process ends: a pipe may still hold a part of the result.
  for (const stream of [process.stdout, process.stderr]) await new Promise<void>(resolve => stream.write('', () => resolve()))
  process.exit(exitCode)
}

/** `flowrun … | head` has what it wanted. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}
