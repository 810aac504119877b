import type { CircuitBreakerSpec } from '../../artifact/model.ts'
import type { Clock } from '../../base/clock.ts'
import { RedisUnavailable } from '../../redis/unavailable.ts'
import type { ModelTarget } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { scopesOf } from '../limits/scope.ts'
import { type Breaker, type BreakerView, CLOSED, type Outcome, recordOutcome, takeProbe, viewBreaker } from './breaker.ts'

/** Leave to send one request; how it ended is told once. */
export type Passage = (outcome: Outcome) => void

/** The circuit breakers of a process: one for each model under a key of its provider (BRK-1). */
export interface Breakers {
  /** @throws CallFailure `breaker_open`. */
  look(target: ModelTarget): Promise<void>
  /**
   * As `look`, and takes the probe of a half-open breaker: of all that come then, one passes.
   *
   * @param leaseMs after which the probe is taken for lost.
   * @throws CallFailure `breaker_open`.
   */
  enter(target: ModelTarget, leaseMs: number): Promise<Passage>
  status(): readonly BreakerStatus[]
}

export interface BreakerStatus {
  readonly key: string
  /** `model.fast` */
  readonly model: string
  readonly id: string
  readonly provider: string
  readonly settings: CircuitBreakerSpec
  readonly breaker: Breaker
  readonly view: BreakerView
}

/** Breakers that many processes keep together. All but `record` throw RedisUnavailable. */
export interface SharedBreakers {
  look(key: string, settings: CircuitBreakerSpec): Promise<BreakerView>
  /** @returns the view as it was, and the id of the probe where this call took it. */
  enter(key: string, settings: CircuitBreakerSpec, leaseMs: number): Promise<{ readonly view: BreakerView; readonly probe?: string }>
  /** Neither waits nor throws. */
  record(key: string, settings: CircuitBreakerSpec, outcome: Outcome, probe: string | undefined): void
}

export interface BreakerDependencies {
  readonly clock: Clock
  readonly shared?: SharedBreakers | undefined
  /** What earlier processes have seen, by key; times as in `clock.now()`. */
  readonly remembered?: () => Promise<ReadonlyMap<string, Breaker>>
  /** A breaker has counted something; `isTurned`: it opened or closed. */
  readonly onChange?: (isTurned: boolean) => void
}

interface Kept {
  readonly target: ModelTarget
  breaker: Breaker
}

export function createBreakers({ clock, shared, remembered, onChange }: BreakerDependencies): Breakers {
  const kept = new Map<string, Kept>()
  // Wall time that no jump of the clock moves: what is remembered has the wall time of another process.
  const offsetMs = clock.now() - clock.monotonic()
  const nowMs = () => clock.monotonic() + offsetMs
  let probes = 0
  let memory: ReadonlyMap<string, Breaker> | undefined
  const keptFor = async (target: ModelTarget): Promise<Kept> => {
    memory ??= (await remembered?.()) ?? new Map()
    const { key } = scopesOf(target).model
    const known = kept.get(key)
    const entry = { target, breaker: known?.breaker ?? soundBreaker(memory.get(key) ?? CLOSED, settingsOf(target), nowMs()) }
    kept.set(key, entry)
    return entry
  }
  const viewOf = async (target: ModelTarget): Promise<BreakerView> => {
    const own = await keptFor(target)
    const settings = settingsOf(target)
    const ownView = () => viewBreaker(own.breaker, settings, nowMs())
    return (await whileShared(shared?.look(scopesOf(target).model.key, settings))) ?? ownView()
  }
  const enterOwn = (own: Kept, settings: CircuitBreakerSpec, leaseMs: number) => {
    const view = viewBreaker(own.breaker, settings, nowMs())
    if (view.state !== 'half_open' || view.isProbed) return { view }
    const probe = String(++probes)
    own.breaker = takeProbe(own.breaker, probe, nowMs() + leaseMs)
    return { view, probe }
  }
  const record = (target: ModelTarget, outcome: Outcome, probe: string | undefined) => {
    const own = kept.get(scopesOf(target).model.key)
    if (own === undefined) return
    const before = own.breaker
    own.breaker = recordOutcome(before, outcome, { settings: settingsOf(target), nowMs: nowMs(), probe })
    if (own.breaker !== before) onChange?.(before.opened !== own.breaker.opened)
  }
  return {
    async look(target) {
      if (!settingsOf(target).enabled) return
      const view = await viewOf(target)
      if (view.state === 'open' || (view.state === 'half_open' && view.isProbed)) throw openFailure(view, target)
    },
    async enter(target, leaseMs) {
      const settings = settingsOf(target)
      if (!settings.enabled) return () => {}
      const { key } = scopesOf(target).model
      const own = await keptFor(target)
      const sharedEntry = await whileShared(shared?.enter(key, settings, leaseMs))
      const { view, probe } = sharedEntry ?? enterOwn(own, settings, leaseMs)
      if (view.state !== 'closed' && probe === undefined) throw openFailure(view, target)
      return outcome => {
        record(target, outcome, sharedEntry === undefined ? probe : undefined)
        if (sharedEntry !== undefined) shared?.record(key, settings, outcome, probe)
      }
    },
    status: () =>
      [...kept].map(([key, { target, breaker }]) => ({
        key,
        model: target.address,
        id: target.spec.id,
        provider: target.provider.address,
        settings: settingsOf(target),
        breaker,
        view: viewBreaker(breaker, settingsOf(target), nowMs()),
      })),
  }
}

function settingsOf({ spec }: ModelTarget): CircuitBreakerSpec {
  return spec.circuit_breaker
}

/** A breaker of another process, after whatever happened to the clock: it is open no longer than from now. */
function soundBreaker(breaker: Breaker, { cooldown_ms }: CircuitBreakerSpec, nowMs: number): Breaker {
  const { opened } = breaker
  if (opened === undefined) return breaker
  // Whoever held a probe has ended.
  const { probe: _, ...rest } = opened
  return { ...breaker, opened: { ...rest, untilMs: Math.min(rest.untilMs, nowMs + cooldown_ms) } }
}

/** @returns undefined without a shared store, and while it is away: then each process counts by itself (BRK-2). */
async function whileShared<T>(answer: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof RedisUnavailable) return undefined
    throw error
  }
}

function openFailure(view: Exclude<BreakerView, { state: 'closed' }>, { address }: ModelTarget): CallFailure {
  const { failures, calls, seen } = view
  const when = view.state === 'open' ? `in ${probeText(view.probeInMs)}` : 'now'
  return new CallFailure({
    class: 'breaker_open',
    message: `${failures} of ${calls} calls failed, ${seen}; probed ${when}`,
    refusedBy: address,
  })
}

/** Until the probe, for people: `9 s`, `10 min`. */
export function probeText(ms: number): string {
  return ms > 120_000 ? `${Math.ceil(ms / 60_000)} min` : `${Math.max(1, Math.ceil(ms / 1000))} s`
}
