import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createDeferredLanguage } from '../../src/engine/deferred.ts'
import type { PromptDependencies } from '../../src/engine/prompt/request.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import type { CallRequest, ModelTarget } from '../../src/gateway/call.ts'
import { createGateway, type GatewayDependencies } from '../../src/gateway/gateway.ts'
import { createHttp } from '../../src/gateway/http.ts'
import type { LoadDependencies } from '../../src/gateway/pipeline.ts'
import { createRedactor } from '../../src/gateway/redactor.ts'
import { createSecretResolver } from '../../src/gateway/secrets.ts'
import { systemTimers, type Timers } from '../../src/gateway/timers.ts'
import { runtimeFunctionTable } from '../../src/hcl/functions/index.ts'
import { fromJson } from '../../src/hcl/json-value.ts'

export const language = createDeferredLanguage(runtimeFunctionTable)

/** Nothing is held back: a suite asks a provider to fail more often than a breaker would watch. */
const unheld: LoadDependencies = {
  limiter: { acquire: async () => ({ settle() {}, giveBack() {} }), holdBack() {}, status: () => [] },
  breakers: { look: async () => {}, enter: async () => () => {}, status: () => [] },
}

/** A gateway over real sockets, with these secrets and, if given, a clock that the test moves. */
export function gatewayDependencies(
  environment: Record<string, string> = {},
  time: Clock & Timers = { ...systemClock, ...systemTimers },
): GatewayDependencies {
  const redactor = createRedactor()
  return {
    ...unheld,
    http: createHttp(),
    redactor,
    secrets: createSecretResolver({
      environment,
      places: [
        { type: 'environment', prefix: '' },
        { type: 'file', path: '/nonexistent/.flowrun/secrets', label: '.flowrun/secrets' },
      ],
      clock: time,
      redactor,
    }),
    clock: time,
    timers: time,
    random: () => 0.5,
    violations: async (schema, value) => (await validator).violations(schema, value),
    evaluate: (deferred, names) =>
      language.value(deferred, Object.fromEntries(Object.entries(names).map(([name, value]) => [name, fromJson(value)]))),
  }
}

/** A call of one model, without anything that a prompt could declare. */
export function callTo(target: ModelTarget, call: Partial<CallRequest> = {}): CallRequest {
  return {
    tiers: [{ models: [target], escalateOn: [] }],
    messages: [{ role: 'user', text: 'Hello' }],
    params: {},
    signal: new AbortController().signal,
    caller: { environment: 'dev', flow: 'prompt.test' },
    policy: { repair: 0, onTruncated: 'keep', inputGuards: [], outputGuards: [], budgets: [] },
    ...call,
  }
}

const validator = loadSchemaValidator()

export function promptDependencies(dependencies: GatewayDependencies = gatewayDependencies()): PromptDependencies {
  return { gateway: createGateway(dependencies), language, validator: () => validator, clock: dependencies.clock }
}
