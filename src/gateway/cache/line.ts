import type { Digest } from '../../base/digest.ts'
import { abortedFailure } from '../failure.ts'
import type { Timers } from '../timers.ts'
import type { KeptAnswer } from './kept-answer.ts'

/** Where a call stands among equal calls of this process. */
export type Outcome =
  /** It is the one that asks the store, and makes the answer if need be. */
  | { readonly kind: 'first' }
  /** Another one has the answer. */
  | { readonly kind: 'kept'; readonly answer: KeptAnswer; readonly storedAtMs: number }
  /** It waits for nobody. */
  | { readonly kind: 'alone' }

/** Equal calls of one process in a line: one is first, the others wait until it leaves. */
export interface Lines {
  /**
   * @param patienceMs then it is `alone`.
   * @throws CallFailure `aborted` when the signal is aborted meanwhile.
   */
  join(key: Digest, patienceMs: number, signal: AbortSignal): Promise<Outcome>
  /** The first one goes. `kept` and `alone` are told to all who wait; with `first` the next one takes over, and the rest wait on. */
  leave(key: Digest, outcome: Outcome): void
}

type Waiter = (outcome: Outcome) => void

export function createLines(timers: Timers): Lines {
  const lines = new Map<Digest, Set<Waiter>>()
  return {
    async join(key, patienceMs, signal) {
      const line = lines.get(key)
      if (line !== undefined) return wait(line, timers, patienceMs, signal)
      lines.set(key, new Set())
      return { kind: 'first' }
    },
    leave(key, outcome) {
      const line = lines.get(key) ?? new Set()
      const [next] = line
      if (outcome.kind === 'first' && next !== undefined) {
        line.delete(next)
        next(outcome)
        return
      }
      lines.delete(key)
      for (const waiter of line) waiter(outcome)
    },
  }
}

function wait(line: Set<Waiter>, timers: Timers, patienceMs: number, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortedFailure())
    const end = () => {
      line.delete(waiter)
      cancel()
      signal.removeEventListener('abort', abort)
    }
    const waiter: Waiter = outcome => {
      end()
      resolve(outcome)
    }
    const abort = () => {
      end()
      reject(abortedFailure())
    }
    line.add(waiter)
    const cancel = timers.after(patienceMs, () => waiter({ kind: 'alone' }))
    signal.addEventListener('abort', abort, { once: true })
  })
}
