import fc from 'fast-check'
import t from 'tap'
import { LEASE_MS } from '../../src/gateway/cache/single-flight.ts'
import type { CallHandler } from '../../src/gateway/call.ts'
import { CallFailure } from '../../src/gateway/failure.ts'
import { cacheLayer } from '../../src/gateway/layers/cache.ts'
import { cachedCall, openCache, resultOf } from '../support/answer-cache.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'

t.setTimeout(120_000)

/** How the model takes a call: for so long, to this end. */
const step = fc.record({ ms: fc.integer({ min: 0, max: 3 * LEASE_MS }), end: fc.constantFrom('answered', 'failed', 'cut off') })
/** When a process asks. */
const caller = fc.record({ process: fc.integer({ min: 0, max: 2 }), afterMs: fc.integer({ min: 0, max: LEASE_MS }) })

/** Moves time from timer to timer, and lets stores take a few turns of the event loop in between. */
async function ended<T>(promise: Promise<T>, clock: FakeClock): Promise<T> {
  let isEnded = false
  const end = () => {
    isEnded = true
  }
  promise.then(end, end)
  while (!isEnded) {
    for (let turn = 0; turn < 6; turn++) await clock.advance(0)
    if (!isEnded) await clock.advance(clock.nextInMs ?? 0)
  }
  return promise
}

t.test(
  'CACHE-3: however calls end, of equal ones one is under way at a time, everybody gets an end, and a kept answer ends all calls',
  async t => {
    const folder = t.testdir()
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(caller, { minLength: 1, maxLength: 8 }), fc.array(step, { maxLength: 8 }), async (callers, steps) => {
        const clock = createFakeClock()
        const directory = `${folder}/${run++}`
        const caches = await Promise.all([0, 1, 2].map(() => openCache(directory, clock)))
        const script = steps.values()
        let underWay = 0
        let keptAnswers = 0
        let made = 0
        const next: CallHandler = async () => {
          made++
          underWay++
          if (underWay > 1) throw new Error('two equal calls are under way')
          if (keptAnswers > 0) throw new Error('a call was made though its answer was kept')
          const { ms, end } = script.next().value ?? { ms: 1, end: 'answered' }
          await new Promise<void>(resolve => void clock.after(ms, resolve))
          underWay--
          if (end === 'failed') throw new CallFailure({ class: 'server_error', message: 'it failed' })
          if (end === 'answered') keptAnswers++
          return resultOf(end === 'answered' ? {} : { finishReason: 'length' })
        }
        const layers = caches.map(answerCache => cacheLayer({ clock, timers: clock, answerCache }))
        // Nobody's patience ends before the model has gone through its script.
        const patient = { ...cachedCall().target, spec: { ...cachedCall().target.spec, timeout_ms: 3_600_000 } }
        const all = callers.map(async ({ process, afterMs }) => {
          await new Promise<void>(resolve => void clock.after(afterMs, resolve))
          const layer = layers[process] ?? cacheLayer({ clock, timers: clock })
          return layer(cachedCall({ target: patient }), next).then(
            ({ cached, finishReason }) => (cached ? 'hit' : finishReason === 'length' ? 'cut off' : 'answered'),
            (error: unknown) => (error instanceof CallFailure ? 'failed' : String(error)),
          )
        })
        const ends = await ended(Promise.all(all), clock)
        await Promise.all(caches.map(cache => cache.close()))
        const tried = steps.slice(0, made).map(({ end }) => end)
        const own = ends.filter(end => end !== 'hit').sort()
        const expected = [...tried, ...Array.from({ length: made - tried.length }, () => 'answered')].sort()
        return JSON.stringify(own) === JSON.stringify(expected) && clock.pending === 0
      }),
      { numRuns: 60 },
    )
  },
)
