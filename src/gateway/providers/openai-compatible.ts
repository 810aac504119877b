import { type AiSdkVendor, connectAiSdk, type ModelSettings } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

const vendor: AiSdkVendor = {
  endpoint: endpointAt(),
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  async load() {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    const sdk = ({ baseURL, fetch, model }: ModelSettings) =>
      createOpenAICompatible({
        name: 'openaiCompatible',
        baseURL,
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: model.capabilities.includes('json_schema'),
      })
    return {
      chat: settings => sdk(settings).chatModel(settings.model.id),
      embedding: settings => sdk(settings).embeddingModel(settings.model.id),
    }
  },
  // Many servers refuse to be told how long vectors shall be; where one can, provider_options says it.
  embeddingOptions: () => ({}),
}

/** Servers that speak OpenAI's protocol: vLLM, Ollama, llama.cpp and many vendors. */
export const openaiCompatibleProvider = Object.freeze<ProviderDefinition>({
  name: 'openai_compatible',
  summary: "Any server that speaks OpenAI's chat completions protocol, at base_url.",
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
