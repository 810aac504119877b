import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS, type ModelSettings } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

/** Only this one can be told how long its vectors shall be; the other refuses the argument. */
const WITH_DIMENSIONS = /^codestral-embed/

const vendor: AiSdkVendor = {
  endpoint: endpointAt('https://api.mistral.ai/v1'),
  defaultKey: 'MISTRAL_API_KEY',
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  async load() {
    const { createMistral } = await import('@ai-sdk/mistral')
    const sdk = ({ baseURL, fetch }: ModelSettings) => createMistral({ baseURL, fetch, apiKey: KEY_IN_HEADERS })
    return {
      chat: settings => sdk(settings).chat(settings.model.id),
      embedding: settings => sdk(settings).embeddingModel(settings.model.id),
    }
  },
  embeddingOptions: ({ id, dimensions }) => ({
    mistral: dimensions !== undefined && WITH_DIMENSIONS.test(id) ? { outputDimension: dimensions } : {},
  }),
}

/** Mistral's chat completions. */
export const mistralProvider = Object.freeze<ProviderDefinition>({
  name: 'mistral',
  summary: 'Mistral, by its chat completions API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
