import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'

const vendor: AiSdkVendor = {
  // Written out: left to the SDK it would be read from the environment, and a plan could not show it.
  baseUrl: 'https://api.openai.com/v1',
  defaultKey: 'OPENAI_API_KEY',
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  headers: ({ spec }) => ({
    ...(spec.organization !== undefined && { 'openai-organization': spec.organization }),
    ...(spec.project !== undefined && { 'openai-project': spec.project }),
  }),
  async load() {
    const { createOpenAI } = await import('@ai-sdk/openai')
    return ({ baseURL, spec, fetch }) => createOpenAI({ baseURL, fetch, apiKey: KEY_IN_HEADERS }).chat(spec.id)
  },
}

/** OpenAI's chat completions. */
export const openaiProvider = Object.freeze<ProviderDefinition>({
  name: 'openai',
  summary: 'OpenAI, by its chat completions API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
