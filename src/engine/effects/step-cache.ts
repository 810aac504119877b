import type { JsonObject } from '../../base/json.ts'
import type { KeptAnswer, KeptStep } from '../../gateway/cache/kept-answer.ts'
import { type CacheDependencies, createSingleFlight, guardedCache, LEASE_MS } from '../../gateway/cache/single-flight.ts'
import type { ChildCache, RecordedResult } from '../durable/child-cache.ts'
import type { EffectExecutor, EffectResult } from '../durable/effect.ts'
import type { RunRecord } from '../durable/record-store.ts'
import type { StepOutcome } from '../interpreter/command.ts'
import { type CacheableCommand, calledAddress, stepKey } from './step-key.ts'

/** How long a step waits for an equal one of another run, where its node has no timeout. */
const PATIENCE_MS = 60_000

/**
 * Executes steps whose node has a `cache` once for all equal ones (blocks.md 4.2), by the same rules as answers of models
 * (CACHE-1 … CACHE-4). What was kept is recorded as the outcome of the step, so that a replay does not look for it.
 */
export function cachedEffects(execute: EffectExecutor, dependencies: CacheDependencies): EffectExecutor {
  const once = createSingleFlight(dependencies)
  return async (command, run, closure, context) => {
    const { cache } = command
    if (cache === undefined || run.withoutCache) return execute(command, run, closure, context)
    const cacheable = { ...command, cache }
    return once<EffectResult>({
      key: stepKey(cacheable, run, closure),
      ttlMs: cache.ttlMs,
      signal: context.signal,
      patienceMs: (command.timeoutMs ?? PATIENCE_MS) / 2,
      make: () => execute(command, run, closure, context),
      keep: result => ('pause' in result ? undefined : keptStep(cacheable, run, result)),
      take: async kept => reusedStep(kept),
    })
  }
}

/** A child is kept by its run, which may outlive this process: nobody waits for an equal one, and none is made twice for that. */
export function childCache(dependencies: CacheDependencies): ChildCache | undefined {
  const { answerCache } = dependencies
  if (answerCache === undefined) return undefined
  const ask = guardedCache(answerCache, dependencies)
  return {
    async find(command, run, closure) {
      const key = stepKey(command, run, closure)
      const claimed = (await ask(cache => cache.claim(key, 1)))?.said
      if (claimed?.state === 'free') await ask(cache => cache.release(key, claimed.token))
      return claimed?.state === 'kept' ? reusedStep(claimed.answer) : undefined
    },
    async keep(command, run, closure, result) {
      const kept = keptStep(command, run, result)
      if (kept === undefined) return
      const key = stepKey(command, run, closure)
      const claimed = (await ask(cache => cache.claim(key, LEASE_MS)))?.said
      if (claimed?.state === 'free') await ask(cache => cache.keep(key, claimed.token, kept, command.cache.ttlMs))
    },
  }
}

/** Only what succeeded, and of models only a whole answer of the one that is asked first, given anew (CACHE-1). */
function keptStep(command: CacheableCommand, run: RunRecord, { outcome, costNano, facts }: RecordedResult): KeptStep | undefined {
  if (outcome.status !== 'succeeded' || !isWhole(outcome.attributes, facts)) return undefined
  const { exit, attributes } = outcome
  const { model, usage } = facts ?? {}
  return {
    environment: run.environment,
    model: calledAddress(command),
    modelId: 'node',
    costNano,
    outcome: { exit, attributes },
    facts: { ...(model !== undefined && { model }), ...(usage !== undefined && { usage }) },
  }
}

const CUT_OFF: ReadonlySet<unknown> = new Set(['length', 'content_filter'])

function isWhole({ finish_reason: reason, tried, cached }: JsonObject, { passed_over: passedOver }: JsonObject = {}): boolean {
  const isFirst = !(Array.isArray(tried) && tried.length > 1) && !(Array.isArray(passedOver) && passedOver.length > 0)
  return isFirst && cached !== true && !CUT_OFF.has(reason)
}

/** What a hit took and cost is its own. */
const OF_A_HIT: JsonObject = { cached: true, cost: 0, latency_ms: 0 }

function reusedStep(kept: KeptAnswer): RecordedResult | undefined {
  if (!('outcome' in kept)) return undefined
  const { exit, attributes } = kept.outcome
  const own = Object.entries(OF_A_HIT).filter(([name]) => Object.hasOwn(attributes, name))
  const outcome: StepOutcome = { status: 'succeeded', exit, attributes: { ...attributes, ...Object.fromEntries(own) } }
  return { outcome, costNano: 0, facts: { ...kept.facts, cached: true } }
}
