import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS } from './ai-sdk.ts'
import type { ProviderDefinition } from './definition.ts'

const vendor: AiSdkVendor = {
  // Written out: left to the SDK it would be read from the environment, and a plan could not show it.
  baseUrl: 'https://api.anthropic.com/v1',
  defaultKey: 'ANTHROPIC_API_KEY',
  keyHeader: { name: 'x-api-key', prefix: '' },
  listHeaders: { 'anthropic-version': '2023-06-01' },
  async load() {
    const { createAnthropic } = await import('@ai-sdk/anthropic')
    return ({ baseURL, spec, fetch }) => createAnthropic({ baseURL, fetch, apiKey: KEY_IN_HEADERS }).languageModel(spec.id)
  },
}

/** Anthropic's messages. */
export const anthropicProvider = Object.freeze<ProviderDefinition>({
  name: 'anthropic',
  summary: 'Anthropic, by its messages API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
