import { CAPABILITIES, type ModelSpec, RETRYABLE_CLASSES } from '../../artifact/model.ts'
import { PROVIDER_TYPES, type ProviderType } from '../../artifact/provider.ts'
import { compact } from '../../base/compact.ts'
import type { Attribute, Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { CATALOGUE_DATE, type CatalogueModel, lookupModel, nearModels } from '../catalogue/catalogue.ts'
import { duration, integer, json, labels, oneOf, text, wordsOf } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, optional, repeated, required, single } from '../decode/body.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import { reference, references } from '../decode/reference.ts'
import type { BlockSite } from '../decode/site.ts'
import { isBlockReference } from '../reference.ts'
import { argumentRange } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'
import { circuitBreakerBody, limitsBody, paramsBody, priceBody, rateLimitBody, retryBody, toPriceSpecs } from './model-blocks.ts'

const DEFAULT_CAPABILITIES = ['streaming', 'system'] as const

/** Keys of a request that flowrun sets itself: `provider_options` may not fight with them. */
const OWN_OPTIONS = [
  'model',
  'messages',
  'contents',
  'input',
  'system',
  'systemInstruction',
  'instructions',
  'stream',
  'temperature',
  'top_p',
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'tools',
  'response_format',
]

const modelBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    provider: required(reference('provider')),
    id: required(text()),
    kind: optional(oneOf(['chat', 'embedding'])),
    dimensions: optional(integer(1)),
    capabilities: optional(wordsOf(CAPABILITIES)),
    fallback: defaulted(references('model'), []),
    timeout: defaulted(duration, 60_000),
    first_token_timeout: defaulted(duration, 30_000),
    provider_options: optional(json),
  },
  blocks: {
    ...META_BLOCKS,
    limits: single(limitsBody),
    price: repeated(priceBody),
    params: single(paramsBody),
    retry: single(retryBody),
    circuit_breaker: single(circuitBreakerBody),
    rate_limit: single(rateLimitBody),
  },
} as const satisfies BodySpec

type DecodedModel = Decoded<typeof modelBody>

/** A model with its limits, price and behaviour under failure. What the block leaves out comes from the catalogue, and the artifact says so. */
export const model: BlockDefinition<'model'> = {
  kind: 'model',
  summary: 'a model, with its limits, price and behaviour under failure',
  stability: 'stable',
  body: modelBody,
  compile(block, site) {
    const decoded = decodeBody(block.body, modelBody, site, block)
    if (decoded === undefined) return undefined
    const providerType = typeOfProvider(block, site)
    const known = providerType === undefined ? undefined : lookupModel(providerType, decoded.id)
    if (providerType !== undefined) checkId(block, decoded.id, providerType, known, site)
    checkOptions(block, decoded, site)
    checkPrices(decoded, site)
    const spec = toSpec(decoded, known)
    checkLimits(block, spec, site)
    return { spec }
  },
}

function toSpec(decoded: DecodedModel, known: CatalogueModel | undefined): ModelSpec {
  const catalogue = known ? `catalogue ${CATALOGUE_DATE}` : 'default'
  return compact({
    provider: decoded.provider,
    id: decoded.id,
    description: decoded.description,
    labels: decoded.labels,
    kind: decoded.kind ?? known?.kind ?? 'chat',
    dimensions: decoded.dimensions ?? known?.dimensions,
    capabilities: [...(decoded.capabilities ?? known?.capabilities ?? DEFAULT_CAPABILITIES)].sort(),
    limits: limitsSpec(decoded, known),
    price: decoded.price.length > 0 ? toPriceSpecs(decoded.price.map(price => price.content)) : (known?.price ?? []),
    fallback: decoded.fallback,
    timeout_ms: decoded.timeout,
    first_token_timeout_ms: decoded.first_token_timeout,
    params: decoded.params && compact(decoded.params),
    provider_options: decoded.provider_options as ModelSpec['provider_options'],
    retry: retrySpec(decoded),
    circuit_breaker: breakerSpec(decoded),
    rate_limit: decoded.rate_limit && compact(decoded.rate_limit),
    sources: {
      capabilities: decoded.capabilities ? 'block' : catalogue,
      limits: decoded.limits ? 'block' : catalogue,
      price: decoded.price.length > 0 ? 'block' : catalogue,
    },
  })
}

function limitsSpec({ limits }: DecodedModel, known: CatalogueModel | undefined): ModelSpec['limits'] {
  const window = limits?.context_window ?? known?.limits.context_window
  const usual = known?.limits.max_output_tokens
  return compact({
    context_window: window,
    // Somebody who says that the window is smaller has not said that the answer is longer than it.
    max_output_tokens: limits?.max_output_tokens ?? (usual === undefined ? undefined : Math.min(usual, window ?? usual)),
    reserved_tokens: limits?.reserved_tokens ?? 0,
  })
}

function retrySpec({ retry }: DecodedModel): ModelSpec['retry'] {
  return {
    max_attempts: retry?.max_attempts ?? 3,
    initial_ms: retry?.initial ?? 500,
    max_ms: retry?.max ?? 20_000,
    on: retry?.on ?? RETRYABLE_CLASSES,
  }
}

function breakerSpec({ circuit_breaker: breaker }: DecodedModel): ModelSpec['circuit_breaker'] {
  return {
    enabled: breaker?.enabled ?? true,
    failure_rate: breaker?.failure_rate ?? 0.5,
    window_ms: breaker?.window ?? 30_000,
    min_calls: breaker?.min_calls ?? 20,
    cooldown_ms: breaker?.cooldown ?? 15_000,
  }
}

/** Read from the reference, so that the provider is compiled only when somebody asks. */
function typeOfProvider(block: Block, site: BlockSite): ProviderType | undefined {
  const attribute = block.body.items.find((item): item is Attribute => item.kind === 'attribute' && item.name === 'provider')
  const value = attribute && evaluate(attribute.expression, site.evaluation)
  const content = value?.kind === 'capsule' && isBlockReference(value.content) ? value.content : undefined
  const type = (content?.unpinned ?? content)?.attribute('type')
  return PROVIDER_TYPES.find(known => type?.kind === 'string' && type.value === known)
}

function checkId(block: Block, id: string, providerType: ProviderType, known: CatalogueModel | undefined, site: BlockSite): void {
  const place = { subject: argumentRange(block, 'id') ?? block.headerRange, where: site.where, address: site.address }
  if (known === undefined) {
    // What a server of one's own calls its models, or a team its deployments, is nobody else's business.
    if (providerType === 'openai_compatible' || providerType === 'azure') return
    const near = nearModels(providerType, id)
    site.report.warning({
      code: 'model/unknown-id',
      summary: `"${id}" is not in the catalogue of ${providerType}`,
      detail: 'Its limits, price and capabilities are unknown; say them with limits, price and capabilities if the id is right.',
      ...place,
      ...(near.length > 0 ? { suggestions: near } : {}),
    })
  } else if (known.retires !== undefined) {
    site.report.warning({
      code: 'model/retired',
      summary: `The vendor turns "${id}" off on ${known.retires}`,
      detail: 'From that day on calls fail. Take a newer model.',
      ...place,
    })
  }
}

function checkOptions(block: Block, decoded: DecodedModel, site: BlockSite): void {
  const { provider_options: options } = decoded
  if (options === undefined) return
  const place = { subject: argumentRange(block, 'provider_options') ?? block.headerRange, where: site.where, address: site.address }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    site.report.error({
      code: 'config/wrong-type',
      summary: 'The argument "provider_options" has the wrong type',
      detail: 'Write an object: it is sent to the provider as it is.',
      ...place,
    })
    return
  }
  const own = Object.keys(options).find(key => OWN_OPTIONS.includes(key))
  if (own === undefined) return
  site.report.error({
    code: 'config/conflicting-arguments',
    summary: `flowrun sets "${own}" itself`,
    detail: 'provider_options are sent beside what flowrun sends, and may not change it. Use the arguments of the model and the prompt.',
    ...place,
  })
}

function checkPrices({ price }: DecodedModel, site: BlockSite): void {
  const thresholds = new Set<number>()
  for (const { block, content } of price) {
    if (thresholds.has(content.above_input_tokens)) {
      site.report.error({
        code: 'config/conflicting-arguments',
        summary: `Two prices begin above ${content.above_input_tokens} input tokens`,
        detail: 'Each "price" has a threshold of its own: above_input_tokens = 200000.',
        subject: block.headerRange,
        where: site.where,
        address: site.address,
      })
    }
    thresholds.add(content.above_input_tokens)
  }
}

function checkLimits(block: Block, { limits }: ModelSpec, site: BlockSite): void {
  const { context_window: window, max_output_tokens: output } = limits
  if (window === undefined || output === undefined || output <= window) return
  const written = block.body.items.find((item): item is Block => item.kind === 'block' && item.type === 'limits')
  site.report.error({
    code: 'config/out-of-range',
    summary: `max_output_tokens is ${output}, and the context_window has only ${window}`,
    detail: 'What a model answers is part of its window.',
    subject:
      (written && (argumentRange(written, 'max_output_tokens') ?? argumentRange(written, 'context_window'))) ??
      written?.headerRange ??
      block.headerRange,
    where: site.where,
    address: site.address,
  })
}
