import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ModelCall } from '../call.ts'
import { isStrict } from '../output-schema.ts'

/** What a call says beyond the terms that all packages share, under the names by which each looks for its own. */
export function vendorOptions({ target, params }: ModelCall, sent: JsonSchema | undefined): SharedV4ProviderOptions {
  const { spec, provider } = target
  const strict = sent === undefined ? {} : { strictJsonSchema: isStrict(sent) }
  const thinks = params.reasoning_effort !== undefined && params.reasoning_effort !== 'none'
  return {
    openai: {
      ...strict,
      ...(provider.spec.api === 'responses' && {
        // Prompts stay with their owner: OpenAI keeps responses for 30 days unless told otherwise, and chat completions never.
        store: spec.provider_options?.store === true,
        // The package would ask for one with any effort, which OpenAI gives to verified organizations alone.
        reasoningSummary: null,
      }),
      // The name of a deployment does not tell what model it is.
      ...(provider.spec.type === 'azure' && spec.capabilities.includes('reasoning') && { forceReasoning: true }),
    },
    openaiCompatible: strict,
    mistral: strict,
    google: thinks ? { thinkingConfig: { includeThoughts: true } } : {},
  }
}
