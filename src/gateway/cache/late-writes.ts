import type { Digest } from '../../base/digest.ts'
import type { Timers } from '../timers.ts'
import type { KeptAnswer } from './kept-answer.ts'

/** An answer on its way into the file. */
export interface NewAnswer {
  readonly key: Digest
  /** Of the lease under which it was made. */
  readonly token: string
  readonly answer: KeptAnswer
  /** The answer, encoded. */
  readonly body: string
  /** What its row takes. */
  readonly bytes: number
  readonly storedAtMs: number
  readonly expiresAtMs: number
}

/** So long they wait for others: a commit of 100 answers writes a third of the pages of five with 20. */
const GATHER_MS = 20
/** So many, or of so many bytes, are written at once: a longer commit would hold up those who claim (STORE-2). */
const BATCH_MAX = 200
const BATCH_MAX_BYTES = 1024 * 1024

/** Answers that are kept, and written together a moment later: here they are found until they are in the file. */
export interface LateWrites {
  add(entry: NewAnswer): void
  get(key: Digest): NewAnswer | undefined
  /** Writes what is not written yet. Never fails: an answer that cannot be kept is made anew, and who claims it then hears why. */
  flush(): Promise<void>
}

export function createLateWrites(timers: Timers, write: (entries: readonly NewAnswer[]) => Promise<void>): LateWrites {
  const entries = new Map<Digest, NewAnswer>()
  let waiting: NewAnswer[] = []
  let waitingBytes = 0
  let writing: Promise<void> = Promise.resolve()
  let cancelTimer: (() => void) | undefined
  const writeBatch = async (batch: readonly NewAnswer[]) => {
    try {
      await write(batch)
    } finally {
      for (const entry of batch) if (entries.get(entry.key) === entry) entries.delete(entry.key)
    }
  }
  const writeWaiting = (): Promise<void> => {
    cancelTimer?.()
    cancelTimer = undefined
    const batch = waiting
    waiting = []
    waitingBytes = 0
    if (batch.length > 0) writing = writing.then(() => writeBatch(batch)).catch(() => {})
    return writing
  }
  return {
    add(entry) {
      entries.set(entry.key, entry)
      waiting.push(entry)
      waitingBytes += entry.bytes
      if (waiting.length >= BATCH_MAX || waitingBytes >= BATCH_MAX_BYTES) void writeWaiting()
      else cancelTimer ??= timers.after(GATHER_MS, writeWaiting)
    },
    get: key => entries.get(key),
    flush: writeWaiting,
  }
}
