import { sqliteCode } from './failure.ts'

/** What a transaction of many writes needs of its store. */
export interface GroupedStore {
  /** One transaction; its promise resolves after COMMIT. */
  write<T>(work: () => T): Promise<T>
  /** Work of its own inside of the transaction: what it did is taken back when it throws. */
  savepoint<T>(work: () => T): T
}

/** @param bytes about how many it writes: 0 for little. */
export type WriteGrouped = <T>(work: () => T, bytes?: number) => Promise<T>

/** Together at most so many, and so many bytes: a commit that takes longer would hold all of them up (STORE-2). */
const MAX_GROUP = 200
const MAX_GROUP_BYTES = 1024 * 1024

interface QueuedWrite {
  readonly work: () => unknown
  readonly bytes: number
  readonly done: (value: unknown) => void
  readonly fail: (error: unknown) => void
}

const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve))

type Outcome = { readonly value: unknown } | { readonly error: unknown }

/**
 * Commits the writes of one turn of the event loop together (STORE-2): a flush of the disk each would hold 64 writers to
 * some hundred a second. One that throws fails alone; a COMMIT that fails, fails all. No promise resolves before COMMIT
 * returned, so work must do the same when it is run again: after a failure of one, all of its group run once more.
 */
export function groupWrites(store: GroupedStore): WriteGrouped {
  const queue: QueuedWrite[] = []
  let isFlushing = false
  const flush = async () => {
    while (queue.length > 0) {
      await commitTogether(store, queue.splice(0, groupSize(queue)))
      // What follows from these commits is queued by promises, some sooner than others: the next turn has all of it.
      if (groupSize(queue) === queue.length) await nextTurn()
    }
    isFlushing = false
  }
  return <T>(work: () => T, bytes = 0) =>
    new Promise<T>((resolve, reject) => {
      queue.push({ work, bytes, done: value => resolve(value as T), fail: reject })
      if (isFlushing) return
      isFlushing = true
      setImmediate(() => void flush())
    })
}

/** How many of the first are committed together: one at least, however long it is. */
function groupSize(queue: readonly QueuedWrite[]): number {
  let bytes = 0
  for (let size = 0; size < queue.length; size++) {
    bytes += queue[size]?.bytes ?? 0
    if (size === MAX_GROUP || (size > 0 && bytes > MAX_GROUP_BYTES)) return size
  }
  return queue.length
}

async function commitTogether(store: GroupedStore, group: readonly QueuedWrite[]): Promise<void> {
  try {
    const outcomes = await store
      .write(() => runAll(group))
      .catch(error => (error instanceof WorkFailure ? store.write(() => runEach(store, group)) : Promise.reject(error)))
    group.forEach(({ done, fail }, index) => {
      const outcome = outcomes[index]
      if (outcome && 'value' in outcome) done(outcome.value)
      else fail(outcome?.error)
    })
  } catch (error) {
    for (const { fail } of group) fail(error)
  }
}

/** Marks that one piece of work failed by itself. After a failed COMMIT nothing may be done again blindly (STORE-8). */
class WorkFailure extends Error {}

/** A full disk is no fault of the work that met it. */
function isOfStore(error: unknown): boolean {
  const code = sqliteCode(error)
  return code !== undefined && !code.startsWith('SQLITE_CONSTRAINT')
}

/** The usual way: nobody fails, and a savepoint each would cost as much as the writes. */
function runAll(group: readonly QueuedWrite[]): readonly Outcome[] {
  return group.map(({ work }) => {
    try {
      return { value: work() }
    } catch (error) {
      throw isOfStore(error) ? error : new WorkFailure()
    }
  })
}

function runEach(store: GroupedStore, group: readonly QueuedWrite[]): readonly Outcome[] {
  return group.map(({ work }) => {
    try {
      return { value: store.savepoint(work) }
    } catch (error) {
      if (isOfStore(error)) throw error
      return { error }
    }
  })
}
