/**
 * Writes src/config/catalogue/catalogue.json from the price list of @pydantic/genai-prices and our own table of facts,
 * so that a plan never loads the 2.1 MB of the former. Run by hand when either changes:
 * `node build/catalogue.ts && npx biome check --write src/config/catalogue/catalogue.json`
 */
import { writeFileSync } from 'node:fs'
import { findProvider, type MatchLogic, type ModelInfo, type ModelPrice } from '@pydantic/genai-prices'
import type { PriceSpec } from '../src/artifact/model.ts'
import type { CatalogueEntry } from '../src/config/catalogue/catalogue.ts'
import {
  anthropicFacts,
  bedrockFacts,
  type CatalogueVendor,
  googleFacts,
  type ModelFacts,
  mistralFacts,
  newerModels,
  openaiFacts,
  retirements,
} from './model-facts.ts'

/** Prices in force on this day are taken. */
const AS_OF = '2026-11-21'
const NANO_PER_DOLLAR = 1e9
const OTHER_KINDS =
  /-live|-tts|ocr|voxtral|sonic|omni|native-audio|:free|audio|realtime|image|tts|transcribe|whisper|moderation|search|computer-use|instruct|oss|davinci|curie|babbage|ada|^codex/
/** Spellings that other vendors use for these models, and names of models that are long gone. */
const FOREIGN = {
  openai: /^gpt-\d-\d|-chat$|^(o3|o4)-mini-high|\.ft$|^ft:gpt-(3|4-)|^gpt-(3\.5-0|35|4-32k|4-vision|chat|3\.5-turbo-(16k|0))|extended/,
  google: /^(?!gemini-([2-9]|embedding))|-exp|thinking|preview-\d/,
  amazon_bedrock: /titan-text|llama3-\d+b|-v2$|mixtral|mistral-7b|2402/,
  mistral: /^open-|mixtral|tiny|-7b|2312|24b-instruct/,
  anthropic: /\.|@|^claude-(2|v1|v2)|^claude-[45](-\d)?-(opus|sonnet|haiku)|^claude-sonnet-3|^claude-(opus|sonnet)-4$/,
}
/** Beginnings that stand for one snapshot, or for any. */
const SNAPSHOTS: Readonly<Record<string, string>> = {
  'gemini-2.0-flash-0*': 'gemini-2.0-flash*',
  'claude-sonnet-4-2025*': 'claude-sonnet-4-20250514',
  'ft:gpt-4o-2024*': 'ft:gpt-4o*',
  'ft:gpt-4o-mini-2024*': 'ft:gpt-4o-mini*',
}

const PRICE_KEYS = [
  ['input_mtok', 'input_nano_per_m'],
  ['output_mtok', 'output_nano_per_m'],
  ['cache_read_mtok', 'cached_input_nano_per_m'],
  ['cache_write_mtok', 'cache_write_nano_per_m'],
  ['input_audio_mtok', 'audio_input_nano_per_m'],
  ['output_audio_mtok', 'audio_output_nano_per_m'],
] as const

function priceInForce(model: ModelInfo): ModelPrice {
  if (!Array.isArray(model.prices)) return model.prices
  const inForce = model.prices.findLast(
    ({ constraint }) => constraint === undefined || (constraint.type === 'start_date' && constraint.start_date <= AS_OF),
  )
  return inForce?.prices ?? {}
}

function pricesOf(price: ModelPrice): readonly PriceSpec[] {
  const thresholds = new Set([0])
  for (const [key] of PRICE_KEYS) {
    const value = price[key]
    if (typeof value === 'object') for (const tier of value.tiers) thresholds.add(tier.start)
  }
  const specs = [...thresholds].sort((a, b) => a - b).map(threshold => priceAbove(price, threshold))
  return specs.filter(spec => Object.keys(spec).length > 1)
}

function priceAbove(price: ModelPrice, threshold: number): PriceSpec {
  const spec: Record<string, number> = { above_input_tokens: threshold }
  for (const [key, name] of PRICE_KEYS) {
    const value = price[key]
    const dollars = typeof value === 'object' ? (value.tiers.findLast(tier => tier.start <= threshold)?.price ?? value.base) : value
    if (dollars !== undefined) spec[name] = Math.round(dollars * NANO_PER_DOLLAR)
  }
  return spec as unknown as PriceSpec
}

/** Ids that the logic accepts: exact ones, and with `*` those that a snapshot date may follow. */
function namesOf(match: MatchLogic): readonly string[] {
  if ('equals' in match) return [match.equals]
  if ('starts_with' in match) return [`${match.starts_with.replace(/-$/, '')}*`]
  if ('regex' in match) return [`${match.regex.replace(/^\^|-\\d.*$/g, '').replaceAll('\\.', '.')}*`]
  // Suffixes that are other models are told apart by `and`; ids are what it begins with.
  if ('and' in match) return match.and.flatMap(one => ('starts_with' in one ? namesOf(one) : []))
  return 'or' in match ? match.or.flatMap(namesOf) : []
}

/** Amazon's list says what an id contains; its own id is that of the model, regional ones without their region. */
function bedrockName({ id }: ModelInfo): string {
  return id.replace(/^regional\./, '')
}

function factsOf(facts: readonly ModelFacts[], name: string): ModelFacts | undefined {
  const id = name.replace(/^global\./, '')
  const claude = /^anthropic\.(claude-.*?)(-v\d+(:\d+)?)?$/.exec(id)?.[1]
  if (claude !== undefined) return factsOf(anthropicFacts, claude)
  return facts.find(fact => new RegExp(`^(?:${fact.id.source})$`).test(id))
}

function entryOf(facts: readonly ModelFacts[], name: string, window: number | undefined, price: readonly PriceSpec[]): CatalogueEntry {
  const id = name.replace('*', '')
  const fact = factsOf(facts, id)
  const contextWindow = fact?.contextWindow ?? window ?? fact?.usualWindow
  const capabilities = [...(fact?.capabilities ?? ['streaming', 'system'])].sort()
  const retires = retirements[id] ?? retirements[id.replace(/-\d{4}-\d{2}-\d{2}$/, '')]
  return {
    names: [name],
    kind: /embed/.test(id) ? 'embedding' : 'chat',
    capabilities,
    limits: {
      ...(contextWindow === undefined ? {} : { context_window: contextWindow }),
      ...(fact?.maxOutputTokens === undefined ? {} : { max_output_tokens: fact.maxOutputTokens }),
    },
    price: price
      .filter(tier => contextWindow === undefined || tier.above_input_tokens < contextWindow)
      .map(tier => (capabilities.includes('audio') ? withAudioPrice(tier) : tier)),
    ...(fact?.dimensions === undefined ? {} : { dimensions: fact.dimensions }),
    ...(retires === undefined ? {} : { retires }),
  }
}

/** The list says a price of audio where it differs from that of text. */
function withAudioPrice(price: PriceSpec): PriceSpec {
  const { input_nano_per_m: text, audio_input_nano_per_m: audio = text } = price
  return audio === undefined ? price : { ...price, audio_input_nano_per_m: audio }
}

/** Names with equal facts become one entry. */
function merged(entries: readonly CatalogueEntry[]): readonly CatalogueEntry[] {
  const byFacts = new Map<string, CatalogueEntry>()
  for (const { names, ...facts } of entries) {
    const key = JSON.stringify(facts)
    const known = byFacts.get(key)
    const all = new Set([...(known?.names ?? []), ...names])
    // A name that any snapshot may follow stands for itself too.
    byFacts.set(key, { names: [...all].filter(name => !all.has(`${name}*`)).sort(), ...facts })
  }
  return [...byFacts.values()].sort((a, b) => ((a.names[0] ?? '') < (b.names[0] ?? '') ? -1 : 1))
}

/** What the price list calls the vendors. */
const PRICE_LISTS: Readonly<Record<CatalogueVendor, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  amazon_bedrock: 'aws',
  mistral: 'mistral',
}

function entriesOf(vendor: CatalogueVendor, facts: readonly ModelFacts[]): readonly CatalogueEntry[] {
  const provider = findProvider({ providerId: PRICE_LISTS[vendor] })
  const listed = (provider?.models ?? []).flatMap(model =>
    idsOf(vendor, model)
      .map(name => SNAPSHOTS[name] ?? name)
      .filter(name => isModelOf(vendor, name))
      .map(name => entryOf(facts, name, model.context_window, pricesOf(priceInForce(model)))),
  )
  const newer = newerModels[vendor].map(({ id, contextWindow }) => entryOf(facts, id, contextWindow, []))
  return merged([...listed, ...newer])
}

function idsOf(vendor: CatalogueVendor, model: ModelInfo): readonly string[] {
  if (vendor === 'amazon_bedrock') return [bedrockName(model)]
  const names = namesOf(model.match)
  return names.length > 0 || vendor !== 'google' ? names : [`${model.id}*`]
}

function isModelOf(vendor: CatalogueVendor, name: string): boolean {
  const isOther = OTHER_KINDS.test(vendor === 'amazon_bedrock' ? name.replace('instruct', '').replace('gpt-oss', 'gpt') : name)
  return (name === 'text-embedding-ada-002' || !isOther) && !FOREIGN[vendor].test(name.replace('*', ''))
}

const catalogue = {
  as_of: AS_OF,
  source: '@pydantic/genai-prices 0.1.8 for prices and windows; build/model-facts.ts for the rest',
  models: {
    openai: entriesOf('openai', openaiFacts),
    anthropic: entriesOf('anthropic', anthropicFacts),
    google: entriesOf('google', googleFacts),
    amazon_bedrock: entriesOf('amazon_bedrock', bedrockFacts),
    mistral: entriesOf('mistral', mistralFacts),
  },
}

writeFileSync(new URL('../src/config/catalogue/catalogue.json', import.meta.url), `${JSON.stringify(catalogue, null, 2)}\n`)
