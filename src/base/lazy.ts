/** What is opened when it is first asked for, once. */
export interface Lazy<T> {
  /** The same for all who ask; after a failure it is tried again. */
  get(): Promise<T>
  /** Ends what was opened, if anything was. */
  end(close: (opened: T) => void): void
}

export function lazy<T>(open: () => Promise<T>): Lazy<T> {
  let opening: Promise<T> | undefined
  return {
    get() {
      opening ??= open().catch(error => {
        opening = undefined
        throw error
      })
      return opening
    },
    end(close) {
      opening?.then(close, () => {})
      opening = undefined
    },
  }
}
