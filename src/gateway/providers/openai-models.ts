import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'
import { KEY_IN_HEADERS, type ModelSettings, type SdkModels } from './ai-sdk.ts'

/** Its vectors have one length, and to be told another is an error. */
const WITHOUT_DIMENSIONS = /ada-002/

/** How long vectors shall be, in OpenAI's words; Azure takes the same. */
export function openaiEmbeddingOptions({ id, dimensions }: ModelSpec): SharedV4ProviderOptions {
  return { openai: dimensions === undefined || WITHOUT_DIMENSIONS.test(id) ? {} : { dimensions } }
}

/** The models of OpenAI's package, by its responses API, at the address that a provider's models have. */
export async function loadOpenAi(addressOf: (settings: ModelSettings) => Pick<ModelSettings, 'baseURL' | 'fetch'>): Promise<SdkModels> {
  const { createOpenAI } = await import('@ai-sdk/openai')
  const sdk = (settings: ModelSettings) => {
    const { baseURL, fetch } = addressOf(settings)
    return createOpenAI({ baseURL, fetch, apiKey: KEY_IN_HEADERS })
  }
  return {
    chat: settings => sdk(settings).responses(settings.model.id),
    embedding: settings => sdk(settings).embeddingModel(settings.model.id),
  }
}
