/** Time as an argument: code never reads a clock that a test cannot hold. */
export interface Clock {
  /** Wall time in milliseconds since 1970, for what people read. */
  now(): number
  /** Monotonic milliseconds, for durations: no clock jump moves it. */
  monotonic(): number
}

export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
})
