import { OperationError } from '../../../diagnostics/operation-error.ts'
import type { DriveContext } from './drive-state.ts'

/** What has happened is recorded as soon as the store can be written again, within this time (FAIL-2). */
const PATIENCE_MS = 60_000
const PAUSE_MS = 500

/** @throws the last failure of the store. */
export async function persist<T>({ clock, timers }: Pick<DriveContext, 'clock' | 'timers'>, write: () => Promise<T>): Promise<T> {
  const startedAt = clock.monotonic()
  for (;;) {
    try {
      return await write()
    } catch (error) {
      const isPassing = error instanceof OperationError && error.retryable
      if (!isPassing || clock.monotonic() - startedAt >= PATIENCE_MS) throw error
    }
    await new Promise<void>(resolve => timers.after(PAUSE_MS, resolve))
  }
}
