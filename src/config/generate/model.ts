import { type ModelSpec, RETRYABLE_CLASSES } from '../../artifact/model.ts'
import { model } from '../blocks/model.ts'
import { argument, type BodyItem, block } from './body.ts'
import {
  circuitBreakerBlock,
  durationText,
  limitsBlock,
  paramsBlock,
  plainArguments,
  priceBlock,
  retryBlock,
  unlessDefault,
} from './model-blocks.ts'
import { itemsText, jsonText, referenceText } from './text.ts'

/** The arguments and blocks of a model that give this artifact. Facts of the catalogue are left to the catalogue. */
export function modelItems(spec: ModelSpec): readonly BodyItem[] {
  const { id, description, labels, kind, dimensions, capabilities, sources, fallback, params, provider_options, rate_limit } = spec
  return [
    ...argument('provider', referenceText(spec.provider)),
    ...plainArguments({
      id,
      description,
      labels,
      // A catalogue may know the kind and the dimensions of the id, and is not asked: they are the same, written or not.
      kind: kind === 'chat' ? undefined : kind,
      dimensions,
      capabilities: sources.capabilities === WRITTEN ? capabilities : undefined,
    }),
    ...argument('fallback', fallback.length === 0 ? undefined : itemsText(fallback.map(referenceText))),
    ...argument('timeout', durationText(unlessDefault(model.body, 'timeout', spec.timeout_ms))),
    ...argument('first_token_timeout', durationText(unlessDefault(model.body, 'first_token_timeout', spec.first_token_timeout_ms))),
    ...argument('provider_options', provider_options && jsonText(provider_options)),
    ...(sources.limits === WRITTEN ? [limitsBlock(spec.limits)] : []),
    ...(sources.price === WRITTEN ? spec.price.map(priceBlock) : []),
    ...paramsBlock(params),
    ...retryBlock(spec.retry, RETRYABLE_CLASSES),
    ...circuitBreakerBlock(spec.circuit_breaker),
    ...(rate_limit === undefined ? [] : [block('rate_limit', plainArguments({ ...rate_limit }))]),
  ]
}

/** The source of a fact that its block says. */
const WRITTEN = 'block'
