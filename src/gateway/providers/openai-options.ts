import type { SharedV4ProviderOptions } from '@ai-sdk/provider'
import type { ModelSpec } from '../../artifact/model.ts'

/** Its vectors have one length, and to be told another is an error. */
const WITHOUT_DIMENSIONS = /ada-002/

/** How long vectors shall be, in OpenAI's words; Azure takes the same. */
export function openaiEmbeddingOptions({ id, dimensions }: ModelSpec): SharedV4ProviderOptions {
  return { openai: dimensions === undefined || WITHOUT_DIMENSIONS.test(id) ? {} : { dimensions } }
}
