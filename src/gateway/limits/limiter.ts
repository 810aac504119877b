import type { Clock } from '../../base/clock.ts'
import { RedisUnavailable } from '../../redis/unavailable.ts'
import { CallFailure, durationText, unsentFailure } from '../failure.ts'
import type { Timers } from '../timers.ts'
import { type Counter, createCounter, type Obstacle, obstacleOf } from './counter.ts'
import { createFairQueue, type FairQueue } from './fair-queue.ts'
import { divideLimits, type LimitRequest, type LimitScope, type LimitStatus, type Permit, type RateLimiter } from './limit.ts'
import type { SharedLimits, SharedRequest } from './shared.ts'

export interface LimiterDependencies {
  readonly clock: Clock
  readonly timers: Timers
  /** Absent: the limits are those of this process (RATE-1). */
  readonly shared?: SharedLimits | undefined
}

/** A longer Retry-After than this is taken for a mistake: it would shut out a provider until somebody looks. */
const HOLD_BACK_MAX_MS = 3_600_000
/** A lease of a call lasts so much longer than the call may. */
const LEASE_MARGIN_MS = 5_000

interface Waiter {
  readonly tenant: string
  readonly lane: string
  readonly request: LimitRequest
  readonly counters: { readonly provider: Counter; readonly model: Counter }
  isWaiting: boolean
  resolve(permit: Permit): void
  reject(error: unknown): void
}

/** The calls of one key of a provider, in the order in which they are served. */
interface Line {
  readonly queue: FairQueue<Waiter>
  /** Takes the timer back that serves the line again. */
  cancelWake(): void
  /** The shared limits are being asked for the first one. */
  isAsking: boolean
}

interface Limits {
  readonly dependencies: LimiterDependencies
  readonly counters: Map<string, Counter>
  readonly lines: Map<string, Line>
  /** Who shares the limits, when that was last known. */
  processes: number
  isSharedAway: boolean
}

/**
 * Rate limits of one process, exact in every window (RATE-1), or together with other processes. The windows are logs of
 * single calls: a counter per minute lets through twice its limit around the turn of the minute.
 */
export function createRateLimiter(dependencies: LimiterDependencies): RateLimiter {
  const limits: Limits = { dependencies, counters: new Map(), lines: new Map(), processes: 1, isSharedAway: false }
  return {
    acquire: request => acquire(limits, request),
    holdBack(scope, ms) {
      const boundMs = Math.min(ms, HOLD_BACK_MAX_MS)
      const counter = counterOf(limits, scope)
      counter.notBeforeMs = Math.max(counter.notBeforeMs, dependencies.clock.monotonic() + boundMs)
      dependencies.shared?.holdBack(scope, boundMs)
      for (const waiter of limits.lines.get(scope.key)?.queue ?? []) refuseIfHopeless(limits, waiter)
      serve(limits, scope.key)
    },
    status: () => statusOf(limits),
  }
}

function acquire(limits: Limits, request: LimitRequest): Promise<Permit> {
  const { provider, model, tenant = '', signal, untilMs } = request
  const { clock, timers } = limits.dependencies
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(unsentFailure())
    const counters = { provider: counterOf(limits, provider), model: counterOf(limits, model) }
    const line = lineOf(limits, provider.key)
    let cancelTimeout = () => {}
    const leave = () => {
      line.queue.remove(waiter)
      waiter.isWaiting = false
      cancelTimeout()
      signal.removeEventListener('abort', abort)
    }
    const waiter: Waiter = {
      tenant,
      lane: model.key,
      request,
      counters,
      isWaiting: true,
      resolve: permit => {
        leave()
        resolve(permit)
      },
      reject: failure => {
        leave()
        reject(failure)
      },
    }
    const end = (failure: CallFailure) => {
      waiter.reject(failure)
      serve(limits, provider.key)
    }
    const abort = () => end(unsentFailure())
    line.queue.add(waiter)
    refuseIfHopeless(limits, waiter)
    serve(limits, provider.key)
    if (!waiter.isWaiting) return
    const waitMs = Math.max(0, untilMs - clock.monotonic())
    cancelTimeout = timers.after(waitMs, () => end(permitTimeout(localObstacle(limits, waiter), waitMs)))
    signal.addEventListener('abort', abort, { once: true })
  })
}

/** Lets through whoever may go, in the order of the line; sets the timer for the first who may not yet. */
function serve(limits: Limits, key: string): void {
  const line = lineOf(limits, key)
  line.cancelWake()
  line.cancelWake = () => {}
  const { shared } = limits.dependencies
  while (!line.isAsking) {
    const waiter = nextWaiter(limits, key, line)
    if (waiter === undefined) return
    if (shared === undefined) admit(limits, line, waiter)
    else void askShared(limits, shared, key, line, waiter)
  }
}

/**
 * Who is next and fits. Whom the limit of a model holds up, others of that model do not overtake; whom the limit of the
 * key holds up, nobody overtakes: else a call of many tokens would wait for as long as small ones come.
 */
function nextWaiter(limits: Limits, key: string, line: Line): Waiter | undefined {
  const heldUp = new Set<string>()
  let wakeMs = Number.POSITIVE_INFINITY
  for (let waiter = line.queue.next(heldUp); waiter !== undefined; waiter = line.queue.next(heldUp)) {
    const obstacle = localObstacle(limits, waiter)
    if (obstacle === undefined) return waiter
    wakeMs = Math.min(wakeMs, obstacle.untilMs)
    if (obstacle.of === 'provider') break
    heldUp.add(waiter.lane)
  }
  if (wakeMs !== Number.POSITIVE_INFINITY) {
    const { clock, timers } = limits.dependencies
    line.cancelWake = timers.after(Math.max(1, wakeMs - clock.monotonic()), () => serve(limits, key))
  }
  return undefined
}

function localObstacle(limits: Limits, { request, counters }: Waiter): (Obstacle & { readonly of: 'provider' | 'model' }) | undefined {
  const nowMs = limits.dependencies.clock.monotonic()
  for (const part of ['model', 'provider'] as const) {
    // Those who cannot speak with one another take an equal part each (RATE-2).
    const own = limits.isSharedAway ? divideLimits(request[part].limits, limits.processes) : request[part].limits
    const obstacle = obstacleOf(counters[part], own, request.tokens, nowMs)
    if (obstacle !== undefined) return { ...obstacle, of: part }
  }
  return undefined
}

async function askShared(limits: Limits, shared: SharedLimits, key: string, line: Line, waiter: Waiter): Promise<void> {
  const { provider, model, tokens, callMs } = waiter.request
  const request: SharedRequest = { provider, model, tokens, leaseMs: callMs + LEASE_MARGIN_MS }
  line.isAsking = true
  try {
    const answer = await shared.take(request)
    limits.processes = answer.processes
    limits.isSharedAway = false
    if (!answer.admitted) {
      waiter.counters[answer.blockedBy].sharedUntilMs = limits.dependencies.clock.monotonic() + answer.waitMs
    } else if (waiter.isWaiting) {
      admit(limits, line, waiter, {
        settle: used => shared.settle(answer.id, request, used),
        giveBack: () => shared.giveBack(answer.id, request),
      })
    } else shared.giveBack(answer.id, request)
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) waiter.reject(error)
    // The first time its own part of the limits has to be looked at.
    else if (limits.isSharedAway && waiter.isWaiting && localObstacle(limits, waiter) === undefined) admit(limits, line, waiter)
    else limits.isSharedAway = true
  } finally {
    line.isAsking = false
  }
  serve(limits, key)
}

/** @param beyond what else has to learn how the call went. */
function admit(limits: Limits, line: Line, waiter: Waiter, beyond?: Permit): void {
  const { provider, model } = waiter.counters
  const { request } = waiter
  const nowMs = limits.dependencies.clock.monotonic()
  const taken = [
    { counter: provider, ...countIn(provider, request.provider, request.tokens, nowMs) },
    { counter: model, ...countIn(model, request.model, request.tokens, nowMs) },
  ]
  for (const { counter } of taken) counter.inFlight++
  let isOver = false
  const end = (made: 0 | 1, used: number | null) => {
    if (isOver) return
    isOver = true
    for (const { counter, entry, tokens } of taken) {
      if (entry !== undefined) counter.window.correct(entry, made, made === 0 ? 0 : (used ?? tokens))
      counter.inFlight--
      // Somebody made room: it may be for those whom the others hold up.
      counter.sharedUntilMs = 0
    }
    if (made === 0) beyond?.giveBack()
    else beyond?.settle(used)
    serve(limits, request.provider.key)
  }
  line.queue.served(waiter)
  waiter.resolve({ settle: used => end(1, used), giveBack: () => end(0, 0) })
}

/**
 * A call that could take more tokens than a minute has takes the whole minute. Where no minute is limited nothing is
 * written down: it would be 6,000 entries a second.
 */
function countIn({ window }: Counter, { limits }: LimitScope, tokens: number, nowMs: number) {
  const { requests_per_minute: requests, tokens_per_minute: perMinute } = limits
  const bound = Math.min(tokens, perMinute ?? tokens)
  const isLimited = requests !== undefined || perMinute !== undefined
  return { tokens: bound, entry: isLimited ? window.add(nowMs, bound) : undefined }
}

/** Who would still wait when its time is over is told now: another model may answer meanwhile. */
function refuseIfHopeless(limits: Limits, waiter: Waiter): void {
  const { provider, model } = waiter.counters
  const notBeforeMs = Math.max(provider.notBeforeMs, model.notBeforeMs)
  const nowMs = limits.dependencies.clock.monotonic()
  if (notBeforeMs <= Math.max(nowMs, waiter.request.untilMs)) return
  const { block } = waiter.request.provider
  const message = `${block} takes no calls for ${durationText(Math.ceil((notBeforeMs - nowMs) / 1000) * 1000)}, as its provider asked for`
  waiter.reject(new CallFailure({ class: 'permit_timeout', message, refusedBy: block }))
}

function permitTimeout(obstacle: Obstacle | undefined, waitMs: number): CallFailure {
  const why = obstacle === undefined ? 'others were served first' : obstacle.text
  return new CallFailure({ class: 'permit_timeout', message: `no leave to call within ${durationText(waitMs)}: ${why}` })
}

function counterOf({ counters }: Limits, scope: LimitScope): Counter {
  const counter = counters.get(scope.key) ?? createCounter(scope)
  counter.scope = scope
  counters.set(scope.key, counter)
  return counter
}

function lineOf({ lines }: Limits, key: string): Line {
  const line = lines.get(key) ?? { queue: createFairQueue<Waiter>(), cancelWake: () => {}, isAsking: false }
  lines.set(key, line)
  return line
}

function statusOf({ counters, lines, dependencies: { clock } }: Limits): readonly LimitStatus[] {
  const waiting = [...lines.values()].flatMap(({ queue }) => [...queue])
  return [...counters.values()].map(({ scope, window, inFlight, notBeforeMs }) => {
    const nowMs = clock.monotonic()
    window.expire(nowMs)
    return {
      key: scope.key,
      block: scope.block,
      limits: scope.limits,
      requests: window.requests,
      tokens: window.tokens,
      inFlight,
      waiting: waiting.filter(({ request }) => request.model.key === scope.key || request.provider.key === scope.key).length,
      ...(notBeforeMs > nowMs && { notBeforeAtMs: Math.round(clock.now() + notBeforeMs - nowMs) }),
    }
  })
}
