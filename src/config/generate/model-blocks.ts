import type { CircuitBreakerSpec, LimitsSpec, ParamsSpec, PriceSpec, RetrySpec } from '../../artifact/model.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { formatDuration } from '../../base/duration.ts'
import type { JsonValue } from '../../base/json.ts'
import { circuitBreakerBody, retryBody } from '../blocks/model-blocks.ts'
import type { BodySpec } from '../decode/body.ts'
import { formatMoney } from '../decode/literal.ts'
import { argument, type BodyItem, block, blockUnlessEmpty } from './body.ts'
import { jsonText } from './text.ts'

/** Arguments of plain JSON, those left out that have no value. */
export function plainArguments(values: Readonly<Record<string, JsonValue | undefined>>): readonly BodyItem[] {
  return Object.entries(values).flatMap(([name, value]) => argument(name, value === undefined ? undefined : jsonText(value)))
}

/** The values that are not what the body has without them: defaults are not written. */
export function unlessDefault<T extends JsonValue>(body: BodySpec, name: string, value: T | undefined): T | undefined {
  const { fallback } = body.arguments[name] ?? {}
  const isDefault = value !== undefined && fallback !== undefined && canonicalJson(value) === canonicalJson(fallback as JsonValue)
  return isDefault ? undefined : value
}

/** `"15s"`. */
export function durationText(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : jsonText(formatDuration(milliseconds))
}

/** `"$0.25"`. */
export function moneyText(nanoDollars: number | undefined): string | undefined {
  return nanoDollars === undefined ? undefined : jsonText(formatMoney(nanoDollars))
}

export function limitsBlock({ context_window, max_output_tokens, reserved_tokens }: LimitsSpec): BodyItem {
  return block(
    'limits',
    plainArguments({ context_window, max_output_tokens, reserved_tokens: reserved_tokens === 0 ? undefined : reserved_tokens }),
  )
}

export function priceBlock({ above_input_tokens: above, request_nano, ...kinds }: PriceSpec): BodyItem {
  const perMillion = Object.entries(kinds).flatMap(([key, nano]) => argument(key.replace(/_nano_per_m$/, ''), moneyText(nano)))
  return block('price', [
    ...plainArguments({ above_input_tokens: above === 0 ? undefined : above }),
    ...perMillion,
    ...argument('request', moneyText(request_nano)),
  ])
}

export function paramsBlock(params: ParamsSpec | undefined): readonly BodyItem[] {
  return params === undefined ? [] : [block('params', plainArguments({ ...params }))]
}

export function retryBlock({ max_attempts, initial_ms, max_ms, on }: RetrySpec, usual: readonly string[]): readonly BodyItem[] {
  return blockUnlessEmpty('retry', [
    ...plainArguments({ max_attempts: unlessDefault(retryBody, 'max_attempts', max_attempts) }),
    ...argument('initial', durationText(unlessDefault(retryBody, 'initial', initial_ms))),
    ...argument('max', durationText(unlessDefault(retryBody, 'max', max_ms))),
    ...plainArguments({ on: canonicalJson(on) === canonicalJson(usual) ? undefined : on }),
  ])
}

export function circuitBreakerBlock(spec: CircuitBreakerSpec): readonly BodyItem[] {
  const { enabled, failure_rate, window_ms, min_calls, cooldown_ms } = spec
  return blockUnlessEmpty('circuit_breaker', [
    ...plainArguments({
      enabled: unlessDefault(circuitBreakerBody, 'enabled', enabled),
      failure_rate: unlessDefault(circuitBreakerBody, 'failure_rate', failure_rate),
      min_calls: unlessDefault(circuitBreakerBody, 'min_calls', min_calls),
    }),
    ...argument('window', durationText(unlessDefault(circuitBreakerBody, 'window', window_ms))),
    ...argument('cooldown', durationText(unlessDefault(circuitBreakerBody, 'cooldown', cooldown_ms))),
  ])
}
