import type { ProviderSpec, SimulatedAnswer, SimulatedFault, SimulationSpec } from '../../artifact/provider.ts'
import { DEFAULT_MAX_CONCURRENCY, provider } from '../blocks/provider.ts'
import { argument, type BodyItem, block, blockUnlessEmpty } from './body.ts'
import { durationText, plainArguments, unlessDefault } from './model-blocks.ts'
import { deferredText, deferredValue, secretMapText, secretText } from './text.ts'

/** The arguments and blocks of a provider that give this artifact. */
export function providerItems(spec: ProviderSpec, name: string): readonly BodyItem[] {
  const { type, description, labels, base_url, organization, project, region, api_version, api, headers, rate_limit } = spec
  const { max_concurrency, ...limits } = rate_limit
  return [
    ...plainArguments({ type: type === name ? undefined : type, description, labels }),
    ...argument('api_key', spec.api_key && secretText(spec.api_key)),
    ...plainArguments({
      base_url,
      allow_private: unlessDefault(provider.body, 'allow_private', spec.allow_private),
      organization,
      project,
      region,
      api_version,
      api,
    }),
    ...argument('headers', Object.keys(headers).length === 0 ? undefined : secretMapText(headers)),
    ...argument('connect_timeout', durationText(unlessDefault(provider.body, 'connect_timeout', spec.connect_timeout_ms))),
    ...blockUnlessEmpty(
      'rate_limit',
      plainArguments({ ...limits, max_concurrency: max_concurrency === DEFAULT_MAX_CONCURRENCY ? undefined : max_concurrency }),
    ),
    ...(spec.simulation === undefined ? [] : simulationItems(spec.simulation)),
  ]
}

function simulationItems({ latency_ms, seed, answers, faults }: SimulationSpec): readonly BodyItem[] {
  return [
    ...argument('latency', durationText(latency_ms === 0 ? undefined : latency_ms)),
    ...plainArguments({ seed: seed === 1 ? undefined : seed }),
    ...answers.map(answerBlock),
    ...faults.map(faultBlock),
  ]
}

function answerBlock({
  when,
  text,
  json,
  tool_calls = [],
  error,
  latency_ms,
  tokens_per_second,
  finish_reason,
}: SimulatedAnswer): BodyItem {
  return block('answer', [
    ...argument('when', when === true ? undefined : deferredValue(when)),
    ...argument('text', text === undefined ? undefined : deferredText(text as string)),
    ...argument('json', json === undefined ? undefined : deferredValue(json)),
    ...plainArguments({ error }),
    ...argument('latency', durationText(latency_ms)),
    ...plainArguments({ tokens_per_second, finish_reason: finish_reason === 'stop' ? undefined : finish_reason }),
    ...tool_calls.map(({ name, arguments: given }) =>
      block('tool_call', [...plainArguments({ name }), ...argument('arguments', deferredValue(given))]),
    ),
  ])
}

function faultBlock({ error, rate, first, when, retry_after_ms }: SimulatedFault): BodyItem {
  return block('fault', [
    ...plainArguments({ error, rate, first }),
    ...argument('when', when === true ? undefined : deferredValue(when)),
    ...argument('retry_after', durationText(retry_after_ms)),
  ])
}
