import type { Artifact } from '../artifact/envelope.ts'
import type { ModelSpec } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { ProviderType } from '../artifact/provider.ts'
import type { Configuration } from '../config/configuration.ts'
import { withAffectedCosts } from './affected-costs.ts'
import { forecastCost } from './forecast.ts'
import type { Change, CostForecast, Plan, TokenCount } from './plan.ts'
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
  const now = await forecastOf(change.before?.artifact, before, {})
  const then = await forecastOf(change.after?.artifact, after, change.after?.textFiles ?? {})
  return {
    ...change,
    forecast: {
      ...(now ? { tokensBefore: now.tokens, costBefore: now.cost } : {}),
      ...(then ? { tokensAfter: then.tokens, costAfter: then.cost } : {}),
    },
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

/** The model that a prompt asks first, with the type of its provider. */
export function modelOf(
  prompt: PromptSpec,
  artifacts: ReadonlyMap<string, Artifact>,
): { readonly model: ModelSpec; readonly modelAddress: string; readonly providerType: ProviderType } | undefined {
  const modelAddress = prompt.tiers[0]?.model.$ref
  const model = modelAddress === undefined ? undefined : artifacts.get(modelAddress)
  const provider = model?.kind === 'model' ? artifacts.get(model.spec.provider.$ref) : undefined
  if (modelAddress === undefined || model?.kind !== 'model' || provider?.kind !== 'provider') return undefined
  return { model: model.spec, modelAddress, providerType: provider.spec.type }
}
