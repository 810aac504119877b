import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS } from './ai-sdk.ts'
import { withBoundThinking } from './claude-thinking.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

const vendor: AiSdkVendor = {
  endpoint: endpointAt('https://api.anthropic.com/v1'),
  defaultKey: 'ANTHROPIC_API_KEY',
  keyHeader: { name: 'x-api-key', prefix: '' },
  listHeaders: { 'anthropic-version': '2023-06-01' },
  async load() {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return { chat: ({ baseURL, model, fetch }) => createAnthropic({ baseURL, fetch, apiKey: KEY_IN_HEADERS }).languageModel(model.id) }
  },
  bound: (body, limit) => ({ ...withBoundThinking(body, limit), max_tokens: limit }),
}

/** Anthropic's messages. */
export const anthropicProvider = Object.freeze<ProviderDefinition>({
  name: 'anthropic',
  summary: 'Anthropic, by its messages API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
