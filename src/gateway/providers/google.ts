import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

const vendor: AiSdkVendor = {
  endpoint: endpointAt('https://generativelanguage.googleapis.com/v1beta'),
  defaultKey: 'GEMINI_API_KEY',
  keyHeader: { name: 'x-goog-api-key', prefix: '' },
  async load() {
    const { createGoogle } = await import('@ai-sdk/google')
    const sdk = ({ baseURL, fetch }: { baseURL: string; fetch: typeof globalThis.fetch }) =>
      createGoogle({ baseURL, fetch, apiKey: KEY_IN_HEADERS })
    return {
      chat: settings => sdk(settings).languageModel(settings.model.id),
      embedding: settings => sdk(settings).embeddingModel(settings.model.id),
    }
  },
  embeddingOptions: ({ dimensions }, purpose) => ({
    google: {
      taskType: purpose === 'document' ? 'RETRIEVAL_DOCUMENT' : 'RETRIEVAL_QUERY',
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
    },
  }),
}

/** Google's Gemini, by the Generative Language API. */
export const googleProvider = Object.freeze<ProviderDefinition>({
  name: 'google',
  summary: 'Google, by its Gemini API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
