import { type AiSdkVendor, connectAiSdk } from './ai-sdk.ts'
import { connectChat } from './chat.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'
import { OPENAI_FETCHES, openaiDialect } from './openai-dialect.ts'
import { loadOpenAi, openaiEmbeddingOptions } from './openai-models.ts'

const vendor: AiSdkVendor = {
  endpoint: endpointAt('https://api.openai.com/v1'),
  defaultKey: 'OPENAI_API_KEY',
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  headers: ({ spec }) => ({
    ...(spec.organization !== undefined && { 'openai-organization': spec.organization }),
    ...(spec.project !== undefined && { 'openai-project': spec.project }),
  }),
  load: () => loadOpenAi(settings => settings),
  embeddingOptions: openaiEmbeddingOptions,
}

/** OpenAI's chat completions, or its responses. */
export const openaiProvider = Object.freeze<ProviderDefinition>({
  name: 'openai',
  summary: 'OpenAI, by its chat completions API or its responses API.',
  stability: 'stable',
  api: vendor,
  connect(target, dependencies) {
    const sdk = connectAiSdk(vendor, target, dependencies)
    if (target.spec.api === 'responses') return sdk
    return { ...sdk, ...connectChat({ api: vendor, dialect: openaiDialect, supportedUrls: OPENAI_FETCHES }, target, dependencies) }
  },
})
