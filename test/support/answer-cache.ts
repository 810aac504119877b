import { join } from 'node:path'
import type { Test } from 'tap'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { AnswerCache } from '../../src/gateway/cache/answer-cache.ts'
import type { KeptAnswer } from '../../src/gateway/cache/kept-answer.ts'
import { openSqliteCache } from '../../src/gateway/cache/sqlite.ts'
import type { Answer, CallTier, LayerResult, ModelCall } from '../../src/gateway/call.ts'
import { newHistory } from '../../src/gateway/call.ts'
import { modelTarget, providerSpec } from './artifacts.ts'
import type { FakeClock } from './fake-clock.ts'

export const answer: Answer = {
  text: 'It is on its way.',
  toolCalls: [],
  finishReason: 'stop',
  usage: { input: 10, cachedInput: 0, cacheWrite: 0, output: 5, reasoning: 0 },
  modelId: 'test-model-2026',
  simulated: false,
  warnings: [],
}

export function keptOf(changes: Partial<KeptAnswer> = {}): KeptAnswer {
  return { environment: 'dev', model: 'model.test', modelId: 'test-model', costNano: 7, answer, verdicts: [], ...changes }
}

export const target = modelTarget(providerSpec({ type: 'openai' }))
export const tier: CallTier = { models: [target], escalateOn: [] }

export function resultOf(changes: Partial<LayerResult> = {}): LayerResult {
  return { ...answer, target, output: answer.text, costNano: 7, ...changes }
}

/** A call with a cache of an hour, as the layer gets it. */
export function cachedCall(changes: Partial<ModelCall> = {}, policy: Partial<ModelCall['policy']> = {}): ModelCall {
  return {
    tiers: [tier],
    target,
    attempt: 1,
    isRepair: false,
    history: newHistory(0),
    messages: [{ role: 'user', text: 'Where is my parcel?' }],
    params: {},
    signal: new AbortController().signal,
    caller: { environment: 'dev', flow: 'prompt.test' },
    policy: {
      repair: 0,
      onTruncated: 'fail',
      inputGuards: [],
      outputGuards: [],
      budgets: [],
      cache: { ttlMs: 3_600_000, scope: 'tenant', closure: digestOf('closure') },
      ...policy,
    },
    ...changes,
  }
}

export function openCache(
  directory: string,
  clock: Clock | FakeClock = systemClock,
  maxBytes = 1e9,
  mode: 'read' | 'write' = 'write',
): Promise<AnswerCache> {
  const place = { file: join(directory, 'cache.db'), name: '.flowrun/cache.db' }
  return openSqliteCache({ ...place, mode, clock, flowrunVersion: '0.1.0', maxBytes, ...('after' in clock && { timers: clock }) })
}

/** The cache in a file of the test's own. */
export async function sqliteCache(t: Test, clock: Clock = systemClock, maxBytes?: number): Promise<AnswerCache> {
  const cache = await openCache(t.testdir(), clock, maxBytes)
  t.teardown(() => cache.close())
  return cache
}
