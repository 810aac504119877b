import { type AiSdkVendor, connectAiSdk } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'

const vendor: AiSdkVendor = {
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  async load() {
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    return ({ baseURL, spec, fetch }) =>
      createOpenAICompatible({
        name: 'openaiCompatible',
        baseURL,
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: spec.capabilities.includes('json_schema'),
      }).chatModel(spec.id)
  },
}

/** Servers that speak OpenAI's protocol: vLLM, Ollama, llama.cpp and many vendors. */
export const openaiCompatibleProvider = Object.freeze<ProviderDefinition>({
  name: 'openai_compatible',
  summary: "Any server that speaks OpenAI's chat completions protocol, at base_url.",
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
