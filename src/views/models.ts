import type { PriceSpec } from '../artifact/model.ts'
import type { JsonObject, JsonValue } from '../base/json.ts'
import type { ModelFacts, ModelList, Sourced } from '../operations/models.ts'
import { formatCount, formatPrice } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { padEnd, showControls } from './text-width.ts'
import { oneLine } from './versions.ts'

const FACTS: readonly Column[] = [
  { title: 'window', isNumber: true, dropOrder: 1 },
  { title: 'output', isNumber: true, dropOrder: 2 },
  { title: 'in / 1M', isNumber: true },
  { title: 'out / 1M', isNumber: true },
  { title: 'can', dropOrder: 3 },
]
const DECLARED: readonly Column[] = [{ title: 'model' }, { title: 'id' }, ...FACTS]
const KNOWN: readonly Column[] = [{ title: 'id' }, { title: 'provider' }, ...FACTS]

/** Said of nearly every model: in a table they tell nothing. */
const USUAL: ReadonlySet<string> = new Set(['streaming', 'system', 'seed', 'json_mode', 'parallel_tools'])

/** A line for each model; what is unknown is `unknown`, never 0. */
export function modelsText({ environment, catalogue, models, total }: ModelList, style: Style): string {
  const title = environment === undefined ? `The catalogue of ${catalogue}` : `Models of ${environment}`
  if (total === 0) return `${title}: none. Declare one: model "fast" { … }.\n`
  if (models.length === 0) return `${title}: none of ${formatCount(total)} fits the filter.\n`
  const rows = models.map(model => [
    ...(environment === undefined ? [oneLine(model.id), model.providerType] : [model.address ?? '', oneLine(model.id)]),
    countText(model.contextWindow),
    model.kind.value === 'embedding' ? '' : countText(model.maxOutputTokens),
    priceText(model, 'input_nano_per_m'),
    model.kind.value === 'embedding' ? '' : priceText(model, 'output_nano_per_m'),
    abilityText(model),
  ])
  const rest = models.length < total ? ['', `${formatCount(models.length)} of ${formatCount(total)} models`] : []
  return `${[title, '', ...tableLines(environment === undefined ? KNOWN : DECLARED, rows, style), ...rest].join('\n')}\n`
}

function countText(fact: Sourced<number> | undefined): string {
  return fact === undefined ? 'unknown' : formatCount(fact.value)
}

/** The price of a short call. */
function priceText({ price }: ModelFacts, kind: 'input_nano_per_m' | 'output_nano_per_m'): string {
  const nano = price.value[0]?.[kind]
  return nano === undefined ? 'unknown' : formatPrice(nano)
}

function abilityText({ kind, dimensions, capabilities, retires }: ModelFacts): string {
  const embedding = dimensions === undefined ? 'embedding' : `embedding of ${formatCount(dimensions.value)}`
  const can = kind.value === 'embedding' ? embedding : capabilities.value.filter(capability => !USUAL.has(capability)).join(', ')
  return retires === undefined ? can : `retires ${retires}${can === '' ? '' : `; ${can}`}`
}

const PRICE_NAMES: readonly (readonly [keyof PriceSpec, string])[] = [
  ['input_nano_per_m', 'input'],
  ['cached_input_nano_per_m', 'cached input'],
  ['cache_write_nano_per_m', 'cache write'],
  ['output_nano_per_m', 'output'],
  ['reasoning_nano_per_m', 'reasoning'],
  ['image_nano_per_m', 'images'],
  ['audio_input_nano_per_m', 'audio input'],
  ['audio_output_nano_per_m', 'audio output'],
  ['batch_input_nano_per_m', 'batch input'],
  ['batch_output_nano_per_m', 'batch output'],
]

/** Each fact with where it was taken from. */
export function modelText(model: ModelFacts, { paint }: Style): string {
  const facts: readonly (readonly [label: string, value: string, source?: string | undefined])[] = [
    ...(model.address === undefined ? [] : [['id', oneLine(model.id)] as const]),
    ['provider', model.provider === undefined ? model.providerType : `${model.provider} (${model.providerType})`],
    ['kind', model.kind.value, model.kind.source],
    ...(model.dimensions ? [['dimensions', formatCount(model.dimensions.value), model.dimensions.source] as const] : []),
    ['window', tokensText(model.contextWindow), model.contextWindow?.source],
    ...(model.kind.value === 'embedding'
      ? []
      : [
          ['output', tokensText(model.maxOutputTokens), model.maxOutputTokens?.source] as const,
          ['reserved', tokensText(model.reservedTokens), model.reservedTokens.source] as const,
        ]),
    ...priceRows(model.price),
    ...(model.kind.value === 'embedding' ? [] : capabilityRows(model.capabilities)),
    ...(model.retires === undefined ? [] : [['retires', model.retires] as const]),
    ...(model.fallback.length === 0 ? [] : [['fallback', model.fallback.join(', then ')] as const]),
    ...(model.address === undefined ? [] : [['used by', model.usedBy.length === 0 ? 'no prompt' : model.usedBy.join(', ')] as const]),
  ]
  const labelWidth = Math.max(...facts.map(([label]) => label.length))
  const valueWidth = Math.max(...facts.map(([, value, source]) => (source === undefined ? 0 : value.length)))
  const lines = facts.map(([label, value, source]) =>
    `  ${padEnd(label, labelWidth)}  ${source === undefined ? value : `${padEnd(value, valueWidth)}  ${paint.secondary(source)}`}`.trimEnd(),
  )
  return `${[paint.address(showControls(model.address ?? model.id)), ...lines].join('\n')}\n`
}

function tokensText(fact: Sourced<number> | undefined): string {
  return fact === undefined ? 'unknown' : `${formatCount(fact.value)} tokens`
}

/** A line for each kind, and again for each threshold. */
function priceRows({ value, source }: ModelFacts['price']): readonly (readonly [string, string, string?])[] {
  if (value.length === 0) return [['price', 'unknown']]
  const rows = value.flatMap(price => {
    const above = price.above_input_tokens === 0 ? '' : ` above ${formatCount(price.above_input_tokens)} input tokens`
    const kinds = PRICE_NAMES.flatMap(([key, name]) => {
      const nano = price[key]
      return nano === undefined ? [] : [`${formatPrice(nano)} per 1M ${name}${above}`]
    })
    return price.request_nano === undefined ? kinds : [...kinds, `${formatPrice(price.request_nano)} per request${above}`]
  })
  return rows.map((row, index) => [index === 0 ? 'price' : '', row, source])
}

/** So many in a line, so that their source stands beside them. */
const IN_A_LINE = 4

function capabilityRows({ value, source }: ModelFacts['capabilities']): readonly (readonly [string, string, string])[] {
  if (value.length === 0) return [['can', 'nothing beyond text', source]]
  const lines = value.flatMap((_, index) => (index % IN_A_LINE === 0 ? [value.slice(index, index + IN_A_LINE).join(', ')] : []))
  return lines.map((line, index) => [index === 0 ? 'can' : '', line, source])
}

/** schemas/output/models.schema.json */
export function modelsJson({ environment, catalogue, models, total }: ModelList): string {
  return jsonDocument({ environment: environment ?? null, catalogue, total, models: models.map(modelFields) })
}

/** schemas/output/models-show.schema.json */
export function modelJson(model: ModelFacts): string {
  return jsonDocument({ model: modelFields(model) })
}

function modelFields(model: ModelFacts): JsonObject {
  return {
    address: model.address ?? null,
    id: model.id,
    provider: model.provider ?? null,
    provider_type: model.providerType,
    kind: sourced(model.kind),
    dimensions: sourced(model.dimensions),
    capabilities: sourced(model.capabilities),
    context_window: sourced(model.contextWindow),
    max_output_tokens: sourced(model.maxOutputTokens),
    reserved_tokens: sourced(model.reservedTokens),
    price: { value: model.price.value.length === 0 ? null : model.price.value.map(price => ({ ...price })), source: model.price.source },
    retires: model.retires ?? null,
    fallback: model.fallback,
    used_by: model.usedBy,
  }
}

function sourced(fact: Sourced<JsonValue> | undefined): JsonValue {
  return fact === undefined ? null : { value: fact.value, source: fact.source }
}
