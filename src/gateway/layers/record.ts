import type { Clock } from '../../base/clock.ts'
import { invariant } from '../../base/invariant.ts'
import type { Attempt, CallTier, GuardVerdict, Layer, LayerResult, ModelCall, ModelTarget } from '../call.ts'
import { addCost, addUsage } from '../call.ts'
import { CallFailure } from '../failure.ts'
import type { Spending } from '../ledger/spending.ts'
import type { UsagePart, UsageRecord } from '../ledger/usage.ts'

export interface RecordDependencies {
  /** Absent: nothing is kept. */
  readonly spending?: Spending
  readonly clock: Clock
}

const NO_USAGE = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 } as const

/** Leaves a record of what each call used, of answers, failures and hits of the cache alike; never of what was said. */
export function recordLayer({ spending, clock }: RecordDependencies): Layer {
  if (spending === undefined) return (call, next) => next(call)
  const keep = (call: ModelCall, outcome: UsageRecord['outcome'], result?: LayerResult) => {
    const record = recordOf(call, outcome, result, clock)
    if (!call.bill?.record(record)) spending.usage.record(record)
  }
  return async (call, next) => {
    try {
      const result = await next(call)
      keep(call, result.finishReason, result)
      return result
    } catch (error) {
      // What is no failure of a call was never one: a missing key, a mistake in an expression.
      if (error instanceof CallFailure) keep(call, error.details.class)
      throw error
    }
  }
}

function recordOf(call: ModelCall, outcome: UsageRecord['outcome'], result: LayerResult | undefined, clock: Clock): UsageRecord {
  const { history, caller, target } = call
  const { kept } = history
  invariant(kept, 'gateway/call-not-kept', 'where calls are kept, each has its id from the beginning')
  const firstTokenMs = firstEvent(history.attempts)
  return {
    id: kept.id,
    atMs: kept.atMs,
    caller,
    ...((target.spec.labels || caller.labels) && { labels: { ...target.spec.labels, ...caller.labels } }),
    asked: target.address,
    parts: partsOf(call, result),
    cache: history.cache,
    verdicts: { block: count(history.verdicts, 'block'), redact: count(history.verdicts, 'redact'), flag: count(history.verdicts, 'flag') },
    outcome,
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    latencyMs: Math.round(clock.monotonic() - history.beganMs),
    ...(kept.reservations > 0 && { isReserved: true }),
  }
}

function count(verdicts: readonly GuardVerdict[], action: GuardVerdict['action']): number {
  return verdicts.filter(verdict => verdict.action === action).length
}

/** Of the attempt whose stream came to the end: it is what the watcher waited for. */
function firstEvent(attempts: readonly Attempt[]): number | undefined {
  const last = attempts.at(-1)
  return last?.firstEventMs === undefined ? undefined : last.startedAfterMs + last.firstEventMs
}

/** One for each model that was tried, in order; the one that answered last. */
function partsOf(call: ModelCall, result: LayerResult | undefined): UsageRecord['parts'] {
  const tried = call.history.attempts.map(({ model }) => model)
  const last = result?.target ?? targetAt(call, tried.at(-1)) ?? call.target
  const lastPart = partOf(call, last, result)
  const others = new Set(tried.filter(address => address !== last.address))
  if (others.size === 0) return [lastPart]
  const [first, ...rest] = [...others].flatMap(address => targetAt(call, address) ?? []).map(target => partOf(call, target, undefined))
  return first === undefined ? [lastPart] : [first, ...rest, lastPart]
}

function targetAt({ target, tiers, policy }: ModelCall, address: string | undefined): ModelTarget | undefined {
  const cheaper = policy.budgets.flatMap(({ degradeTo }): readonly CallTier[] => (degradeTo ? [degradeTo] : []))
  return [target, ...[...tiers, ...cheaper].flatMap(({ models }) => models)].findLast(known => known.address === address)
}

function partOf(call: ModelCall, target: ModelTarget, result: LayerResult | undefined): UsagePart {
  const attempts = call.history.attempts.filter(({ model }) => model === target.address)
  const bill = attempts.reduce<Bill>((sum, attempt) => addAttempt(sum, attempt), { costNano: 0, isEstimated: false })
  return {
    model: target.address,
    modelId: target.spec.id,
    ...(result !== undefined && { reportedId: result.modelId }),
    provider: target.provider.address,
    attempts: attempts.length,
    usage: attempts.map(({ usage }) => usage).reduce(addUsage, null) ?? NO_USAGE,
    ...bill,
  }
}

type Bill = Pick<UsagePart, 'costNano' | 'isEstimated'>

/** What may be billed without a report counts with the most that it can cost, as in budgets (BUD-5). */
function addAttempt(sum: Bill, { costNano, boundNano }: Attempt): Bill {
  return { costNano: addCost(sum.costNano, boundNano ?? costNano), isEstimated: sum.isEstimated || boundNano !== undefined }
}
