import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS, type ModelSettings } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'
import { openaiEmbeddingOptions } from './openai-options.ts'

const vendor: AiSdkVendor = {
  endpoint: endpointAt('https://api.openai.com/v1'),
  defaultKey: 'OPENAI_API_KEY',
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  headers: ({ spec }) => ({
    ...(spec.organization !== undefined && { 'openai-organization': spec.organization }),
    ...(spec.project !== undefined && { 'openai-project': spec.project }),
  }),
  async load() {
    const { createOpenAI } = await import('@ai-sdk/openai')
    const sdk = ({ baseURL, fetch }: ModelSettings) => createOpenAI({ baseURL, fetch, apiKey: KEY_IN_HEADERS })
    return {
      chat: settings =>
        settings.provider.api === 'responses' ? sdk(settings).responses(settings.model.id) : sdk(settings).chat(settings.model.id),
      embedding: settings => sdk(settings).embeddingModel(settings.model.id),
    }
  },
  embeddingOptions: openaiEmbeddingOptions,
}

/** OpenAI's chat completions, or its responses. */
export const openaiProvider = Object.freeze<ProviderDefinition>({
  name: 'openai',
  summary: 'OpenAI, by its chat completions API or its responses API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
