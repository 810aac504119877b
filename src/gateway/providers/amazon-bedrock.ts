import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'
import type { ProviderSpec } from '../../artifact/provider.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { EmbeddingCall } from '../call.ts'
import { type AiSdkVendor, connectAiSdk, KEY_IN_HEADERS, type ModelSettings } from './ai-sdk.ts'
import { awsSigner } from './aws-signature.ts'
import { withBoundThinking } from './claude-thinking.ts'
import type { ProviderDefinition } from './definition.ts'
import { endpointAt } from './endpoint.ts'

const KEY = 'AWS_BEARER_TOKEN_BEDROCK'

/** Models are called at one host and listed at another, whose name differs in one word. */
function endpoint(spec: ProviderSpec): string | undefined {
  return endpointAt(spec.region && `https://bedrock-runtime.${spec.region}.amazonaws.com`)(spec)
}

const vendor: AiSdkVendor = {
  endpoint,
  listUrl: spec => endpoint(spec)?.replace('//bedrock-runtime.', '//bedrock.').concat('/foundation-models'),
  defaultKey: KEY,
  keyIsOptional: true,
  keyHeader: { name: 'authorization', prefix: 'Bearer ' },
  signer: (spec, redactor) => awsSigner(spec, redactor, KEY),
  streamType: 'application/vnd.amazon.eventstream',
  async load() {
    const { createAmazonBedrock } = await import('@ai-sdk/amazon-bedrock')
    // With a key it leaves signing to us: what goes into the body afterwards would break a signature of its own.
    const sdk = ({ baseURL, fetch, provider }: ModelSettings) =>
      createAmazonBedrock({ baseURL, fetch, apiKey: KEY_IN_HEADERS, ...(provider.region !== undefined && { region: provider.region }) })
    return {
      chat: settings => sdk(settings).languageModel(settings.model.id),
      embedding: settings => sdk(settings).embeddingModel(settings.model.id),
    }
  },
  embeddingOptions,
  bound,
}

/** Of Claude alone: Nova with much effort may have no limit beside it. */
function bound(body: JsonObject, maxTokens: number): JsonObject {
  const { inferenceConfig, additionalModelRequestFields: fields } = body
  if (!isJsonObject(fields) || fields.thinking === undefined) return body
  return {
    ...body,
    inferenceConfig: { ...(isJsonObject(inferenceConfig) ? inferenceConfig : {}), maxTokens },
    additionalModelRequestFields: withBoundThinking(fields, maxTokens),
  }
}

/** Each family of models has words of its own; a family that knows no lengths or purposes is told none. */
function embeddingOptions({ id, dimensions }: ModelSpec, purpose: EmbeddingCall['purpose']): SharedV4ProviderOptions {
  if (/cohere\./.test(id)) {
    const inputType = purpose === 'document' ? 'search_document' : 'search_query'
    return { amazonBedrock: { inputType, ...(dimensions !== undefined && /embed-v4/.test(id) && { outputDimension: dimensions }) } }
  }
  if (/nova/.test(id)) {
    const embeddingPurpose = purpose === 'document' ? 'GENERIC_INDEX' : 'TEXT_RETRIEVAL'
    return { amazonBedrock: { embeddingPurpose, ...(dimensions !== undefined && { embeddingDimension: dimensions }) } }
  }
  return { amazonBedrock: dimensions !== undefined && /embed-text-v2/.test(id) ? { dimensions } : {} }
}

/** Amazon Bedrock's Converse API, with its models of many vendors. */
export const amazonBedrockProvider = Object.freeze<ProviderDefinition>({
  name: 'amazon_bedrock',
  summary: 'Models of many vendors on Amazon Bedrock, by its Converse API.',
  stability: 'stable',
  api: vendor,
  connect: (target, dependencies) => connectAiSdk(vendor, target, dependencies),
})
