import type { ProviderSpec } from '../../artifact/provider.ts'
import { type AiSdkVendor, connectAiSdk, type ModelSettings } from './ai-sdk.ts'
import { type ChatVendor, connectChat } from './chat.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'
import { OPENAI_FETCHES, openaiDialect } from './openai-dialect.ts'
import { traitsOf } from './openai-family.ts'
import { loadOpenAi, openaiEmbeddingOptions } from './openai-models.ts'

/** A resource alone, `https://acme.openai.azure.com`, is completed; an address with a path is taken as it is. */
function endpoint(spec: ProviderSpec): string | undefined {
  const url = endpointAt()(spec)
  if (url === undefined || new URL(url).pathname !== '/') return url
  return spec.api_version === undefined ? `${url}/openai/v1` : `${url}/openai`
}

/** With a version each deployment has an address; without one its name is in the body alone. */
function addressOf({ baseURL, fetch, provider, model }: ModelSettings): Pick<ModelSettings, 'baseURL' | 'fetch'> {
  const { api_version } = provider
  if (api_version === undefined) return { baseURL, fetch }
  return {
    baseURL: `${baseURL}/deployments/${encodeURIComponent(model.id)}`,
    fetch: (input, init) => fetch(`${input}?api-version=${api_version}`, init),
  }
}

const vendor: AiSdkVendor = {
  endpoint,
  listUrl(spec) {
    const url = endpoint(spec)
    return url && `${url}/models${spec.api_version === undefined ? '' : `?api-version=${spec.api_version}`}`
  },
  defaultKey: 'AZURE_OPENAI_API_KEY',
  keyHeader: { name: 'api-key', prefix: '' },
  // Azure speaks OpenAI's protocol at addresses of its own; a package for it would be a second copy of OpenAI's.
  load: () => loadOpenAi(addressOf),
  embeddingOptions: openaiEmbeddingOptions,
}

const chat: ChatVendor = {
  api: vendor,
  supportedUrls: OPENAI_FETCHES,
  dialect: {
    ...openaiDialect,
    // The name of a deployment does not tell what model it is.
    traitsOf: ({ spec }) => ({ ...traitsOf(spec.id), ...(spec.capabilities.includes('reasoning') && { thinks: true }) }),
  },
  pathOf({ target: { spec, provider } }) {
    const { api_version } = provider.spec
    if (api_version === undefined) return '/chat/completions'
    return `/deployments/${encodeURIComponent(spec.id)}/chat/completions?api-version=${api_version}`
  },
}

/** OpenAI's models on Azure: by its v1 API, or with `api_version` by the addresses of deployments. */
export const azureProvider = Object.freeze<ProviderDefinition>({
  name: 'azure',
  summary: "OpenAI's models on Azure; a model's id is the name of its deployment.",
  stability: 'stable',
  api: vendor,
  connect(target, dependencies) {
    const sdk = connectAiSdk(vendor, target, dependencies)
    return target.spec.api === 'responses' ? sdk : { ...sdk, ...connectChat(chat, target, dependencies) }
  },
})
