import type { Clock } from '../base/clock.ts'
import { compact } from '../base/compact.ts'
import type { AnswerCache } from '../gateway/cache/answer-cache.ts'
import { createGateway } from '../gateway/gateway.ts'
import { createHttp } from '../gateway/http.ts'
import type { Spending } from '../gateway/ledger/spending.ts'
import type { Load } from '../gateway/load/load.ts'
import { createRedactor } from '../gateway/redactor.ts'
import { createSecretResolver, type SecretPlace } from '../gateway/secrets.ts'
import type { Timers } from '../gateway/timers.ts'
import { runtimeFunctionTable } from '../hcl/functions/index.ts'
import { fromJson } from '../hcl/json-value.ts'
import { createDeferredLanguage } from './deferred.ts'
import type { ChildCache } from './durable/child-cache.ts'
import type { EffectExecutor } from './durable/effect.ts'
import { createEffects } from './effects/index.ts'
import { cachedEffects, childCache } from './effects/step-cache.ts'
import type { BudgetReader } from './prompt/budgets.ts'
import { renderPrompt, runPrompt } from './prompt/prompt-run.ts'
import type { PromptRequest, PromptResult, RenderedPrompt } from './prompt/request.ts'
import { loadSchemaValidator, type SchemaValidator } from './schema-validator.ts'

export interface PromptEngineSettings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where secrets are looked for, in order. */
  readonly secretPlaces: readonly SecretPlace[]
  readonly clock: Clock
  readonly timers: Timers
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Closed with the engine. */
  readonly spending?: Spending & { close(): Promise<void> }
  /** Closed with the engine. */
  readonly answerCache?: AnswerCache
  /** For steps of runs; absent: the budgets of what they are pinned to. */
  readonly budgets?: BudgetReader
  /** Closed with the engine; absent: what this engine counts is its own. */
  readonly load?: Load
  /** False: no tool starts a process, as on a server; absent: they do. */
  readonly mayStartProcesses?: boolean
  /** Hears what does not keep a call from its answer, without a full stop at its end. */
  readonly warn?: (text: string) => void
}

/** Runs prompts in this process; connections, secrets and compiled schemas are kept between runs. */
export interface PromptEngine {
  /** @throws OperationError; PromptFailure, with what was spent, once a call was made. */
  run(request: PromptRequest): Promise<PromptResult>
  /** What `run` would send, without a call. */
  render(request: Pick<PromptRequest, 'closure' | 'input' | 'model'>): Promise<RenderedPrompt>
  /** Does what nodes of workflows do outside, with the same connections and secrets. */
  readonly execute: EffectExecutor
  /** Outcomes of flows that nodes begin, by the same cache; absent: none is kept. */
  readonly children?: ChildCache
  /** Takes the secrets that this process has used out of a text. */
  redact(text: string): string
  /** Writes what is not kept yet, and ends idle connections, so that the process can exit. */
  close(): Promise<void>
}

export function createPromptEngine(settings: PromptEngineSettings): PromptEngine {
  const {
    environment,
    secretPlaces,
    clock,
    timers,
    random,
    spending,
    answerCache,
    load,
    warn,
    budgets,
    mayStartProcesses = true,
  } = settings
  const http = createHttp()
  const redactor = createRedactor()
  const language = createDeferredLanguage(runtimeFunctionTable)
  let loaded: Promise<SchemaValidator> | undefined
  const validator = () => {
    loaded ??= loadSchemaValidator()
    return loaded
  }
  const secrets = createSecretResolver({ environment, places: secretPlaces, clock, redactor })
  const gateway = createGateway({
    http,
    redactor,
    secrets,
    clock,
    timers,
    random,
    ...compact({ spending, answerCache, warn, limiter: load?.limiter, breakers: load?.breakers }),
    evaluate: (deferred, names) =>
      language.value(deferred, Object.fromEntries(Object.entries(names).map(([name, value]) => [name, fromJson(value)]))),
    violations: async (schema, value) => (await validator()).violations(schema, value),
  })
  const cache = { clock, timers, ...compact({ answerCache, warn }) }
  const dependencies = { gateway, language, validator, clock, ...compact({ budgets }) }
  return {
    run: request => runPrompt(request, dependencies),
    render: request => renderPrompt(request, dependencies),
    execute: cachedEffects(
      createEffects({ ...dependencies, http, secrets, redactor, timers, random, environment, mayStartProcesses }),
      cache,
    ),
    ...compact({ children: childCache(cache) }),
    redact: redactor.redact,
    async close() {
      await spending?.close()
      await answerCache?.close()
      await load?.close()
      await http.close()
    },
  }
}
