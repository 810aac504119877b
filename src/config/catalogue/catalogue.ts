import { CAPABILITIES, type LimitsSpec, type ModelSpec, type PriceSpec } from '../../artifact/model.ts'
import { PROVIDER_TYPES, type ProviderType } from '../../artifact/provider.ts'
import { suggest } from '../../base/suggest.ts'
import catalogueData from './catalogue.json' with { type: 'json' }

/** The month of the facts: artifacts name their source `catalogue 2026-11`. */
export const CATALOGUE_DATE = catalogueData.as_of.slice(0, 'YYYY-MM'.length)

/** What is known of a model without asking anybody, in the shapes of its artifact. An empty price is an unknown price, never 0. */
export interface CatalogueModel {
  readonly kind: ModelSpec['kind']
  /** Sorted. */
  readonly capabilities: ModelSpec['capabilities']
  readonly limits: Omit<LimitsSpec, 'reserved_tokens'>
  readonly price: readonly PriceSpec[]
  /** Of an embedding model. */
  readonly dimensions?: number
  /** `YYYY-MM-DD`, the day from which the vendor answers no more. */
  readonly retires?: string
}

/** A model in the data file, with the ids it answers to; a date of a snapshot may follow one that ends in `*`. */
export interface CatalogueEntry extends CatalogueModel {
  readonly names: readonly string[]
}

const SNAPSHOT = /-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/

const simulatedModel: CatalogueModel = Object.freeze({
  kind: 'chat',
  capabilities: [...CAPABILITIES].sort(),
  limits: { context_window: 128_000, max_output_tokens: 4_096 },
  price: [{ above_input_tokens: 0, input_nano_per_m: 0, output_nano_per_m: 0, cached_input_nano_per_m: 0, cache_write_nano_per_m: 0 }],
})

const simulatedEmbedding: CatalogueModel = Object.freeze({
  kind: 'embedding',
  capabilities: [],
  limits: { context_window: 8_192 },
  price: [{ above_input_tokens: 0, input_nano_per_m: 0 }],
  dimensions: 256,
})

const indexes = new Map<string, ReadonlyMap<string, CatalogueModel>>()

/** The facts about a vendor's model; undefined when the catalogue does not know the id, which a compatible server's never is. */
export function lookupModel(providerType: ProviderType, id: string): CatalogueModel | undefined {
  if (providerType === 'simulated') return simulatedModelOf(id)
  // A deployment on Azure that has the name of a model is that model, at OpenAI's prices.
  if (providerType === 'azure') return lookupModel('openai', id)
  const index = indexOf(providerType)
  if (providerType === 'amazon_bedrock')
    return bedrockIds(id)
      .map(name => index.get(name))
      .find(model => model !== undefined)
  const base = id.startsWith('ft:') ? id.split(':', 2).join(':') : id
  return index.get(base) ?? index.get(`${base}*`) ?? index.get(`${base.replace(SNAPSHOT, '')}*`)
}

function simulatedModelOf(id: string): CatalogueModel | undefined {
  if (id.startsWith('simulated-embedding')) return simulatedEmbedding
  return id.startsWith('simulated') ? simulatedModel : undefined
}

/** The ids by which the catalogue may know a model on Bedrock: without the region of a profile, with a version or without. */
function bedrockIds(id: string): readonly string[] {
  const regional = id.replace(/^(us|us-gov|eu|apac|au|jp|ca|sa|in)\./, '')
  const inRegion = [id, regional]
  return inRegion.flatMap(name => [name, `${name}-v1:0`, `${name}:0`, name.replace(/(:\d+)?:\d+k?$/, ''), name.replace(/:\d+k$/, '')])
}

/** A model of the catalogue, with whose it is. */
export interface ListedCatalogueModel extends CatalogueModel {
  readonly providerType: ProviderType
  /** The first of the ids that it answers to. */
  readonly id: string
  /** All of them, without the dates of snapshots. */
  readonly ids: readonly string[]
}

/** Everything that is known, by vendor, in the order of the ids. */
export function catalogueModels(): readonly ListedCatalogueModel[] {
  return PROVIDER_TYPES.flatMap(providerType =>
    entriesOf(providerType).map(({ names, ...model }): ListedCatalogueModel => {
      const ids = names.map(name => name.replace('*', ''))
      return { ...model, providerType, id: ids[0] ?? '', ids }
    }),
  )
}

/** Known ids that are near an unknown one: the best, or two equally near, without those that were retired when the catalogue was made. */
export function nearModels(providerType: ProviderType, id: string): readonly string[] {
  if (providerType === 'simulated') return suggest(id, ['simulated-small', 'simulated-large', 'simulated-embedding'])
  const known = [...indexOf(providerType === 'azure' ? 'openai' : providerType)].filter(
    ([, model]) => model.retires === undefined || model.retires > catalogueData.as_of,
  )
  return suggest(
    id,
    known.map(([name]) => name.replace('*', '')),
  )
}

function indexOf(providerType: ProviderType): ReadonlyMap<string, CatalogueModel> {
  const known = indexes.get(providerType)
  if (known !== undefined) return known
  const index = new Map(entriesOf(providerType).flatMap(({ names, ...model }) => names.map(name => [name, Object.freeze(model)] as const)))
  indexes.set(providerType, index)
  return index
}

function entriesOf(providerType: ProviderType): readonly CatalogueEntry[] {
  // The compiler reads the words of a JSON file as strings; the build writes no others than these types have.
  const models = catalogueData.models as unknown as Readonly<Record<string, readonly CatalogueEntry[]>>
  return models[providerType] ?? []
}
