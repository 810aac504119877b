import type { Clock } from '../base/clock.ts'
import { compact } from '../base/compact.ts'
import type { UlidSource } from '../base/ids.ts'
import { createPromptEngine, type PromptEngine } from '../engine/prompt-engine.ts'
import { systemTimers } from '../gateway/timers.ts'
import type { PromptEngineOptions } from '../operations/project.ts'
import { createAnswerCache } from './answer-cache.ts'
import { createLoadOf } from './load.ts'
import { redisOf } from './redis.ts'
import { type ResolveSettings, secretPlaces } from './secrets.ts'
import { createSpending } from './spending.ts'

export interface PromptEnginePlace {
  readonly root: string
  readonly dataDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly newId: UlidSource
  readonly text: ReturnType<ResolveSettings>
}

/** What calls models in this process, with the cache, the limits and the ledger that it shares with others. */
export async function openPromptEngine(
  { text, newId, environment, ...place }: PromptEnginePlace,
  { project, secrets, cache, budgets, onWarning }: PromptEngineOptions,
): Promise<PromptEngine> {
  const { root, dataDirectory, clock } = place
  const redis = redisOf(cache, text, clock, onWarning)
  const time = { clock, timers: systemTimers, random: Math.random }
  const engine = createPromptEngine({
    environment,
    secretPlaces: secretPlaces(root, secrets, dataDirectory),
    ...time,
    spending: createSpending({ ...place, project }, newId, onWarning),
    answerCache: createAnswerCache(cache, { ...place, mode: 'write', redis }),
    load: await createLoadOf({ ...place, ...time, redis }),
    warn: onWarning,
    ...compact({ budgets }),
  })
  return { ...engine, close: () => engine.close().finally(() => redis?.close()) }
}
