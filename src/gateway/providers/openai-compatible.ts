import { connectSdkEmbedding, type SdkEmbeddingVendor } from './ai-sdk.ts'
import { type ChatVendor, connectChat } from './chat.ts'
import { compatibleFilePart } from './chat-files.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

const vendor: SdkEmbeddingVendor = {
  endpoint: endpointAt(),
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  async load() {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    return {
      embedding: ({ baseURL, fetch, model }) =>
        createOpenAICompatible({ name: 'openaiCompatible', baseURL, fetch }).embeddingModel(model.id),
    }
  },
  // Many servers refuse to be told how long vectors shall be; where one can, provider_options says it.
  embeddingOptions: () => ({}),
}

const chat: ChatVendor = {
  api: vendor,
  supportedUrls: {},
  dialect: { traitsOf: () => undefined, narrowSchemas: false, filePart: compatibleFilePart, failedTool: text => text },
}

/** Servers that speak OpenAI's protocol: vLLM, Ollama, llama.cpp and many vendors. */
export const openaiCompatibleProvider = Object.freeze<ProviderDefinition>({
  name: 'openai_compatible',
  summary: "Any server that speaks OpenAI's chat completions protocol, at base_url.",
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => ({ ...connectSdkEmbedding(vendor, target, dependencies), ...connectChat(chat, target, dependencies) }),
})
