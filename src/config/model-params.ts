import type { Capability, ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { ProviderType } from '../artifact/provider.ts'

type Param = keyof ParamsSpec

const BY_CAPABILITY: Partial<Readonly<Record<Param, Capability>>> = { seed: 'seed', reasoning_effort: 'reasoning' }

/** What an interface has no word for, as the vendors' clients say it. */
const BY_VENDOR: Partial<Readonly<Record<ProviderType, readonly Param[]>>> = {
  openai: ['top_k'],
  openai_compatible: ['top_k'],
  azure: ['top_k'],
  mistral: ['top_k'],
  anthropic: ['frequency_penalty', 'presence_penalty'],
  amazon_bedrock: ['frequency_penalty', 'presence_penalty'],
}

/** A model of OpenAI that thinks draws its words as it likes. */
const NOT_WHILE_REASONING: readonly Param[] = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty']

/** Why a model leaves a parameter out, as a whole sentence; undefined when it takes it. */
export function whyIgnored(param: Param, params: ParamsSpec, model: ModelSpec, providerType: ProviderType | undefined): string | undefined {
  const capability = BY_CAPABILITY[param]
  if (capability !== undefined && !model.capabilities.includes(capability))
    return `"${model.id}" does not have the capability ${capability}. Remove the parameter, or declare the capability if the server has it.`
  if (providerType === undefined) return undefined
  if (BY_VENDOR[providerType]?.includes(param)) return `Providers of type ${providerType} do not take it. Remove the parameter.`
  const isOpenAi = providerType === 'openai' || providerType === 'azure'
  const thinks = isOpenAi && model.capabilities.includes('reasoning') && params.reasoning_effort !== 'none'
  if (thinks && NOT_WHILE_REASONING.includes(param)) return `"${model.id}" does not take it while it thinks. Remove the parameter.`
  return undefined
}
