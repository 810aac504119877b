/** Reads in one transaction. */
type Read = <T>(work: () => T) => Promise<T>

interface QueuedRead {
  readonly work: () => unknown
  readonly done: (value: unknown) => void
  readonly fail: (error: unknown) => void
}

/**
 * Reads of one turn of the event loop see one moment: to lock the file and let it go takes as long as three reads of a row.
 * A read fails with its file alone, so all of them do.
 */
export function groupReads(read: Read): Read {
  let queue: QueuedRead[] = []
  const readAll = async () => {
    const group = queue
    queue = []
    try {
      const values = await read(() => group.map(({ work }) => work()))
      group.forEach(({ done }, index) => {
        done(values[index])
      })
    } catch (error) {
      for (const { fail } of group) fail(error)
    }
  }
  return <T>(work: () => T) =>
    new Promise<T>((resolve, reject) => {
      queue.push({ work, done: value => resolve(value as T), fail: reject })
      if (queue.length === 1) setImmediate(() => void readAll())
    })
}
