import { exitCodes } from './exit-codes.ts'

/** Ctrl-C and SIGTERM, while a command takes them for itself. */
export interface Interruption {
  /** Aborted by the first; the reason is its name. */
  readonly signal: AbortSignal
  /** From here on the first ends the process. */
  forget(): void
}

/** Begins to listen: the second one ends the process. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  const interrupt = (signal: 'SIGINT' | 'SIGTERM') => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated)
    controller.abort(signal)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    signal: controller.signal,
    forget() {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    },
  }
}
