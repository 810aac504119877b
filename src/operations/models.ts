import type { Capability, LimitsSpec, ModelSpec, PriceSpec } from '../artifact/model.ts'
import type { ProviderType } from '../artifact/provider.ts'
import { memberKey } from '../artifact/references.ts'
import { enumerate } from '../base/enumerate.ts'
import { suggest } from '../base/suggest.ts'
import { argumentRange, nestedBlock } from '../config/blocks/argument-range.ts'
import { CATALOGUE_DATE, catalogueModels, lookupModel } from '../config/catalogue/catalogue.ts'
import { chainFrom, modelsOf } from '../config/checks.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { loadProject, type OperationHost, openProject } from './project.ts'

/** What is known of a model, and from where. */
export interface ModelFacts {
  /** Absent: nobody has declared it, it is one of the catalogue. */
  readonly address?: string
  readonly id: string
  readonly providerType: ProviderType
  /** `provider.openai`; absent for one of the catalogue. */
  readonly provider?: string
  readonly kind: Sourced<ModelSpec['kind']>
  readonly dimensions?: Sourced<number>
  readonly capabilities: Sourced<readonly Capability[]>
  readonly contextWindow?: Sourced<number>
  readonly maxOutputTokens?: Sourced<number>
  readonly reservedTokens: Sourced<number>
  /** One per threshold; none: the price is unknown. */
  readonly price: Sourced<readonly PriceSpec[]>
  /** `YYYY-MM-DD`, the day from which the vendor answers no more. */
  readonly retires?: string
  /** Those that stand in, nearest first, with what they fall back to. */
  readonly fallback: readonly string[]
  /** Prompts that may ask it, also as a fallback. */
  readonly usedBy: readonly string[]
}

/** A fact with where it was taken from. */
export interface Sourced<T> {
  readonly value: T
  /** `block`, `catalogue 2026-11`, `default`. */
  readonly source: string
}

export interface ModelList {
  /** Absent: the list is that of the catalogue. */
  readonly environment?: string
  readonly catalogue: string
  readonly models: readonly ModelFacts[]
  /** Of all, those that a filter left out among them. */
  readonly total: number
}

export interface ModelsOptions {
  readonly environment?: string
  readonly variables: readonly VariableFlag[]
  /** Only those whose address, id, provider or capabilities contain it. */
  readonly filter?: string
}

export type ModelsResult<T> =
  | { readonly outcome: 'found'; readonly value: T }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** The models of the working copy, by address. Contacts nothing. */
export function listModels(host: OperationHost, options: ModelsOptions): ModelsResult<ModelList> {
  const declared = declaredModels(host, options)
  if (declared.outcome === 'invalid') return declared
  const { environment, models } = declared.value
  return { outcome: 'found', value: { environment, ...filtered(models, options.filter) } }
}

/** All models that are known without asking anybody. */
export function listCatalogue(filter: string | undefined): ModelList {
  return filtered(catalogueModels().map(catalogueFacts), filter)
}

/**
 * One model: of the working copy by its address, else of the catalogue by its id.
 *
 * @throws OperationError `model/unknown`
 */
export function showModel(host: OperationHost, options: ModelsOptions, name: string): ModelsResult<ModelFacts> {
  if (!isAddress(name)) return { outcome: 'found', value: fromCatalogue(name) }
  const declared = declaredModels(host, options)
  if (declared.outcome === 'invalid') return declared
  const found = declared.value.models.find(({ address }) => address === name)
  if (found === undefined) throw unknownAddress(name, declared.value.models)
  return { outcome: 'found', value: found }
}

/** Ids have dots too: `gpt-4.1`. */
function isAddress(name: string): boolean {
  return /^(module\..*\.)?model\./.test(name)
}

function filtered(models: readonly ModelFacts[], filter = ''): Omit<ModelList, 'environment'> {
  const wanted = filter.toLowerCase()
  const fits = ({ address = '', id, provider = '', providerType, capabilities }: ModelFacts) =>
    [address, id, provider, providerType, ...capabilities.value].some(word => word.toLowerCase().includes(wanted))
  return { catalogue: CATALOGUE_DATE, models: models.filter(fits), total: models.length }
}

function declaredModels(
  host: OperationHost,
  options: ModelsOptions,
): ModelsResult<{ readonly environment: string; readonly models: readonly ModelFacts[] }> {
  const report = new Report()
  const project = openProject(host, options.environment === undefined ? {} : { environment: options.environment }, report)
  const configuration = project && loadProject(host, project, options, report, false).configuration
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const { blocks, environment } = configuration
  const models = blocks.flatMap(block => blockFacts(block, blocks) ?? [])
  models.sort((a, b) => ((a.address ?? '') < (b.address ?? '') ? -1 : 1))
  return { outcome: 'found', value: { environment: environment.name, models } }
}

function blockFacts({ address, artifact, block }: CompiledBlock, blocks: readonly CompiledBlock[]): ModelFacts | undefined {
  if (artifact.kind !== 'model') return undefined
  const { spec } = artifact
  const provider = blocks.find(({ address }) => address === spec.provider.$ref)?.artifact
  if (provider?.kind !== 'provider') return undefined
  const known = lookupModel(provider.spec.type, spec.id)
  const source = (isWritten: boolean, isKnown: boolean) => (isWritten ? 'block' : isKnown ? `catalogue ${CATALOGUE_DATE}` : 'default')
  const limits = nestedBlock(block, 'limits')
  const limit = (name: keyof LimitsSpec, value: number | undefined) =>
    value === undefined
      ? undefined
      : { value, source: source(limits !== undefined && argumentRange(limits, name) !== undefined, name !== 'reserved_tokens') }
  const contextWindow = limit('context_window', spec.limits.context_window)
  const maxOutputTokens = limit('max_output_tokens', spec.limits.max_output_tokens)
  const models = modelsOf(blocks)
  return {
    address,
    id: spec.id,
    providerType: provider.spec.type,
    provider: spec.provider.$ref,
    kind: { value: spec.kind, source: source(argumentRange(block, 'kind') !== undefined, known !== undefined) },
    ...(spec.dimensions === undefined
      ? {}
      : { dimensions: { value: spec.dimensions, source: source(argumentRange(block, 'dimensions') !== undefined, true) } }),
    capabilities: { value: spec.capabilities, source: spec.sources.capabilities },
    ...(contextWindow && { contextWindow }),
    ...(maxOutputTokens && { maxOutputTokens }),
    reservedTokens: limit('reserved_tokens', spec.limits.reserved_tokens) ?? { value: 0, source: 'default' },
    price: { value: spec.price, source: spec.sources.price },
    ...(known?.retires === undefined ? {} : { retires: known.retires }),
    fallback: chainFrom(address, models)
      .slice(1)
      .map(model => model.address),
    usedBy: usersOf(address, blocks),
  }
}

function usersOf(model: string, blocks: readonly CompiledBlock[]): readonly string[] {
  const models = modelsOf(blocks)
  return blocks.flatMap(({ address, artifact }) => {
    if (artifact.kind !== 'prompt') return []
    const reached = artifact.spec.tiers.flatMap(tier => chainFrom(memberKey(tier.model), models).map(link => link.address))
    return reached.includes(model) ? [address] : []
  })
}

function catalogueFacts(model: ReturnType<typeof catalogueModels>[number]): ModelFacts {
  const source = `catalogue ${CATALOGUE_DATE}`
  const { context_window: window, max_output_tokens: output } = model.limits
  return {
    id: model.id,
    providerType: model.providerType,
    kind: { value: model.kind, source },
    ...(model.dimensions === undefined ? {} : { dimensions: { value: model.dimensions, source } }),
    capabilities: { value: model.capabilities, source },
    ...(window === undefined ? {} : { contextWindow: { value: window, source } }),
    ...(output === undefined ? {} : { maxOutputTokens: { value: output, source } }),
    reservedTokens: { value: 0, source: 'default' },
    price: { value: model.price, source },
    ...(model.retires === undefined ? {} : { retires: model.retires }),
    fallback: [],
    usedBy: [],
  }
}

/** @throws OperationError `model/unknown` */
function fromCatalogue(id: string): ModelFacts {
  const models = catalogueModels()
  const found = models.find(({ ids }) => ids.includes(id)) ?? models.find(({ providerType }) => lookupModel(providerType, id) !== undefined)
  if (found !== undefined) return { ...catalogueFacts({ ...found, ...lookupModel(found.providerType, id) }), id }
  const suggestions = suggest(
    id,
    models.flatMap(({ ids }) => ids),
  )
  throw new OperationError({
    code: 'model/unknown',
    summary: `The catalogue does not know "${id}"`,
    detail: 'A model of this configuration is named by its address, model.NAME. What the catalogue knows: flowrun models --catalogue',
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

function unknownAddress(name: string, models: readonly ModelFacts[]): OperationError {
  const addresses = models.flatMap(({ address }) => address ?? [])
  const suggestions = suggest(name, addresses)
  return new OperationError({
    code: 'model/unknown',
    summary: `There is no ${name} here`,
    detail: addresses.length === 0 ? 'No model is declared here.' : `The models here are ${enumerate(addresses)}.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
