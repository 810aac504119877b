import type { Artifact } from '../artifact/envelope.ts'
import type { ModelSpec } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { ProviderType } from '../artifact/provider.ts'
import { memberKey } from '../artifact/references.ts'
import type { Configuration } from '../config/configuration.ts'
import { withAffectedCosts } from './affected-costs.ts'
import { forecastCost } from './forecast.ts'
import type { Change, CostForecast, Forecast, Plan, TokenCount } from './plan.ts'
import { countFixedTokens, loadTokenizer } from './tokens.ts'

/** More changed prompts than this are not tokenized one by one: a first apply of 10,000 prompts would take a minute. */
const FORECAST_LIMIT = 200

/** The plan with tokens and cost of each changed prompt, before and after. */
export async function withForecasts(plan: Plan, configuration: Configuration): Promise<Plan> {
  const after = new Map(configuration.blocks.map(({ address, artifact }) => [address, artifact]))
  const before = new Map(after)
  for (const change of plan.changes) {
    if (change.before) before.set(change.address, change.before.artifact)
    else before.delete(change.address)
  }
  const prompts = plan.changes.filter(change => change.kind === 'prompt' && change.after)
  if (prompts.length > FORECAST_LIMIT) return plan
  const changes = await Promise.all(plan.changes.map(change => (prompts.includes(change) ? withForecast(change, before, after) : change)))
  const costOf = async (address: string, artifacts: ReadonlyMap<string, Artifact>) =>
    (await forecastOf(artifacts.get(address), artifacts, {}))?.cost
  return { ...plan, changes: await withAffectedCosts(changes, before, after, costOf) }
}

async function withForecast(change: Change, before: ReadonlyMap<string, Artifact>, after: ReadonlyMap<string, Artifact>): Promise<Change> {
  return { ...change, forecast: await forecastAt(change.address, before, after, change.after?.textFiles) }
}

/**
 * Tokens and cost of the prompt at an address, before and after; empty for what is no prompt.
 *
 * @param textFiles names of the parts that are counted apart.
 */
export async function forecastAt(
  address: string,
  before: ReadonlyMap<string, Artifact>,
  after: ReadonlyMap<string, Artifact>,
  textFiles: Readonly<Record<string, string>> = {},
): Promise<Forecast> {
  const now = await forecastOf(before.get(address), before, {})
  const then = await forecastOf(after.get(address), after, textFiles)
  return {
    ...(now ? { tokensBefore: now.tokens, costBefore: now.cost } : {}),
    ...(then ? { tokensAfter: then.tokens, costAfter: then.cost } : {}),
  }
}

async function forecastOf(
  artifact: Artifact | undefined,
  artifacts: ReadonlyMap<string, Artifact>,
  textFiles: Readonly<Record<string, string>>,
): Promise<{ readonly tokens: TokenCount; readonly cost: CostForecast } | undefined> {
  if (artifact?.kind !== 'prompt') return undefined
  const found = modelOf(artifact.spec, artifacts)
  if (found === undefined) return undefined
  const tokenizer = await loadTokenizer(found.providerType, found.model.id)
  const tokens = countFixedTokens(artifact.spec, tokenizer, textFiles)
  return { tokens, cost: forecastCost({ prompt: artifact.spec, tokens, ...found }) }
}

/** A model that may answer a prompt, with the type of its provider. */
export interface ModelOfPrompt {
  readonly model: ModelSpec
  readonly modelAddress: string
  readonly providerType: ProviderType
}

/** The model that a prompt asks first; undefined for a pinned one, which may have been another. */
export function modelOf(prompt: PromptSpec, artifacts: ReadonlyMap<string, Artifact>): ModelOfPrompt | undefined {
  const [first] = prompt.tiers
  return first && modelAt(memberKey(first.model), artifacts)
}

export function modelAt(modelAddress: string, artifacts: ReadonlyMap<string, Artifact>): ModelOfPrompt | undefined {
  const model = artifacts.get(modelAddress)
  const provider = model?.kind === 'model' ? artifacts.get(model.spec.provider.$ref) : undefined
  if (model?.kind !== 'model' || provider?.kind !== 'provider') return undefined
  return { model: model.spec, modelAddress, providerType: provider.spec.type }
}
