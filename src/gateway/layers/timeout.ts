import type { Clock } from '../../base/clock.ts'
import type { CallEvent, Layer, LayerResult, ModelCall } from '../call.ts'
import { abortedFailure, CallFailure, durationText, unsentFailure } from '../failure.ts'
import type { Timers } from '../timers.ts'

/**
 * Ends an attempt that takes too long as a whole, or longer than its run may, or whose first streamed text does not come. The provider is told to
 * stop; the caller does not wait for it to obey.
 */
export function timeoutLayer({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }): Layer {
  return (call, next) =>
    new Promise<LayerResult>((resolve, reject) => {
      if (call.signal.aborted) return reject(unsentFailure())
      const controller = new AbortController()
      const { timeout_ms: wholeMs, first_token_timeout_ms: firstMs } = call.target.spec
      const leftMs = timeLeft(call, clock)
      if (leftMs <= 0) return reject(deadlineFailure())

      const settle = () => {
        cancelWhole()
        cancelFirst()
        call.signal.removeEventListener('abort', abort)
      }
      const stop = (failure: CallFailure) => {
        settle()
        reject(failure)
        controller.abort(failure)
      }
      const abort = () => stop(abortedFailure())
      const { onEvent } = call
      const cancelWhole = timers.after(Math.min(wholeMs, leftMs), () =>
        stop(
          leftMs < wholeMs ? timeoutFailure('did not answer', 'deadline', leftMs) : timeoutFailure('did not answer', 'timeout', wholeMs),
        ),
      )
      const cancelFirst = onEvent
        ? timers.after(firstMs, () => stop(timeoutFailure('sent no text', 'first_token_timeout', firstMs)))
        : () => {}
      call.signal.addEventListener('abort', abort, { once: true })

      const watched = onEvent && {
        onEvent: (event: CallEvent) => {
          // After the end nobody listens: a late chunk must not reach the watcher of the next attempt.
          if (controller.signal.aborted) return
          cancelFirst()
          onEvent(event)
        },
      }
      next({ ...call, ...watched, signal: controller.signal }).then(
        result => {
          settle()
          resolve(result)
        },
        (error: unknown) => {
          settle()
          reject(error)
        },
      )
    })
}

function timeLeft({ deadlineMs = Number.POSITIVE_INFINITY }: ModelCall, clock: Clock): number {
  return deadlineMs - clock.monotonic()
}

function deadlineFailure(): CallFailure {
  return new CallFailure({ class: 'deadline', message: 'the time of the run is over' })
}

function timeoutFailure(what: string, exceeded: 'timeout' | 'first_token_timeout' | 'deadline', ms: number): CallFailure {
  return new CallFailure({ class: 'timeout', exceeded, message: `${what} within ${durationText(ms)} (${exceeded})` })
}
