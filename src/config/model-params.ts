import type { Capability, ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { ProviderSpec, ProviderType } from '../artifact/provider.ts'

type Param = keyof ParamsSpec

const BY_CAPABILITY: Partial<Readonly<Record<Param, Capability>>> = { seed: 'seed', reasoning_effort: 'reasoning' }

const PENALTIES: readonly Param[] = ['frequency_penalty', 'presence_penalty']
const SAMPLING: readonly Param[] = ['temperature', 'top_p', 'top_k']

/** What an interface has no word for, as the vendors' clients say it. */
const BY_VENDOR: Partial<Readonly<Record<ProviderType, readonly Param[]>>> = {
  openai: ['top_k'],
  openai_compatible: ['top_k'],
  azure: ['top_k'],
  mistral: ['top_k'],
  anthropic: [...PENALTIES, 'seed'],
  amazon_bedrock: [...PENALTIES, 'seed'],
}

/** What OpenAI's responses have no word for beside what its chat completions have none for. */
const NOT_IN_RESPONSES: readonly Param[] = [...PENALTIES, 'seed', 'stop']

/** A model of OpenAI that thinks draws its words as it likes. */
const OPENAI_WHILE_REASONING: readonly Param[] = ['temperature', 'top_p', ...PENALTIES]

/** The last models of Gemini's that refuse penalties. */
const GEMINI_WITHOUT_PENALTIES = /(?:^|[/.])gemini-2\.5(?:[.-]|$)/i

/** Models of Claude until 4.6 let others choose how they draw their words. */
const CLAUDE_WITH_SAMPLING = /claude-(?:\d|instant|(?:opus|sonnet|haiku)-4-(?:[0-6](?!\d)|20))/

type Provider = Pick<ProviderSpec, 'type' | 'api'>

/** Why a model leaves a parameter out, as a whole sentence; undefined when it takes it. */
export function whyIgnored(param: Param, params: ParamsSpec, model: ModelSpec, provider: Provider | undefined): string | undefined {
  const capability = BY_CAPABILITY[param]
  if (capability !== undefined && !model.capabilities.includes(capability))
    return `"${model.id}" does not have the capability ${capability}. Remove the parameter, or declare the capability if the server has it.`
  if (provider === undefined) return undefined
  if (BY_VENDOR[provider.type]?.includes(param)) return `Providers of type ${provider.type} do not take it. Remove the parameter.`
  switch (provider.type) {
    case 'openai':
    case 'azure':
      return ofOpenAi(param, params, model, provider)
    case 'anthropic':
    case 'amazon_bedrock':
      return ofClaude(param, params, model)
    case 'google': {
      const isIgnored = PENALTIES.includes(param) && GEMINI_WITHOUT_PENALTIES.test(model.id)
      return isIgnored ? `"${model.id}" does not take it. Remove the parameter.` : undefined
    }
    default:
      return undefined
  }
}

function ofOpenAi(param: Param, params: ParamsSpec, model: ModelSpec, { api }: Provider): string | undefined {
  if (api === 'responses' && NOT_IN_RESPONSES.includes(param))
    return 'The responses of OpenAI do not take it. Remove the parameter, or ask for chat completions: api = "chat" in the provider.'
  const thinks = model.capabilities.includes('reasoning') && params.reasoning_effort !== 'none'
  return thinks && OPENAI_WHILE_REASONING.includes(param) ? whileItThinks(model) : undefined
}

function ofClaude(param: Param, params: ParamsSpec, model: ModelSpec): string | undefined {
  if (!SAMPLING.includes(param) || !model.id.includes('claude-')) return undefined
  if (!CLAUDE_WITH_SAMPLING.test(model.id)) return `"${model.id}" draws its words as it likes. Remove the parameter.`
  const effort = params.reasoning_effort ?? model.params?.reasoning_effort ?? 'none'
  if (effort !== 'none' && model.capabilities.includes('reasoning')) return whileItThinks(model)
  const isSecond = param === 'top_p' && (params.temperature ?? model.params?.temperature) !== undefined
  return isSecond ? `"${model.id}" takes "temperature" or "top_p", and of both the first. Remove one of them.` : undefined
}

function whileItThinks({ id }: ModelSpec): string {
  return `"${id}" does not take it while it thinks. Remove the parameter.`
}
