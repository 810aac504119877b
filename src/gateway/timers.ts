import { abortedFailure } from './failure.ts'

/** Timers as an argument: a test moves time by hand. */
export interface Timers {
  /** @returns a function that takes the timer back. */
  after(ms: number, run: () => void): () => void
}

export const systemTimers: Timers = Object.freeze({
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
})

/** @throws CallFailure `aborted`, at once, when the signal is aborted meanwhile. */
export function sleep(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortedFailure())
    if (ms <= 0) return resolve()
    const abort = () => {
      cancel()
      reject(abortedFailure())
    }
    const cancel = timers.after(ms, () => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
    signal.addEventListener('abort', abort, { once: true })
  })
}
