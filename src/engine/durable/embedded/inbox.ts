/** Messages for one reader, in order. */
export interface Inbox<T> {
  push(message: T): void
  /** All that have come, at least one. */
  next(): Promise<readonly T[]>
}

export function createInbox<T>(): Inbox<T> {
  let messages: T[] = []
  let wake: (() => void) | undefined
  return {
    push(message) {
      messages.push(message)
      wake?.()
      wake = undefined
    },
    async next() {
      if (messages.length === 0)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      const come = messages
      messages = []
      return come
    },
  }
}
