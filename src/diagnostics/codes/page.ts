/** The page that `flowrun explain CODE` prints; a test runs each example and expects the code. */
export interface CodePage {
  /** The area's usual severity. */
  readonly severity: 'error' | 'warning'
  /** First flowrun version that knows the code. */
  readonly since: string
  /** What it means, in one sentence. */
  readonly what: string
  /** Configuration that gives the code; `«` and `»` enclose what the caret underlines. Left out where no configuration can. */
  readonly example?: string
  /** Why it is an error and not let through. */
  readonly why: string
  /** What to do; each line is one way out. */
  readonly cure: readonly string[]
  /** Other codes and documents. */
  readonly see?: readonly string[]
}
