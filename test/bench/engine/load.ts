/** Who submit at once, and how many runs they submit in all: as in the measurements of other engines. */
export const SUBMITTERS = 32
export const RUNS = 5000
export const STEPS = 5
/** What each step gives. */
export const RESULT = { output: 'x'.repeat(1000) }

export interface Load {
  readonly runsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Submits the runs, each submitter one after the other, and waits for the last of their steps.
 *
 * @param submit resolves when the run is durable.
 * @param done resolves when every run has ended.
 */
export async function measureLoad(submit: () => Promise<unknown>, done: () => Promise<void>): Promise<Load> {
  const latencies: number[] = []
  const began = performance.now()
  let made = 0
  await Promise.all(
    Array.from({ length: SUBMITTERS }, async () => {
      while (made++ < RUNS) {
        const submittedAt = performance.now()
        await submit()
        latencies.push(performance.now() - submittedAt)
      }
    }),
  )
  await done()
  const ms = performance.now() - began
  latencies.sort((a, b) => a - b)
  const at = (part: number) => latencies[Math.floor(latencies.length * part)] ?? 0
  return { runsPerSecond: (RUNS / ms) * 1000, p50Ms: at(0.5), p99Ms: at(0.99) }
}
