import type { EmbeddingModelV4, SharedV4Headers, SharedV4ProviderOptions } from '@ai-sdk/provider'
import { isJsonObject } from '../../base/json.ts'
import { addUsage, type EmbeddingAnswer, type EmbeddingCall, type Usage } from '../call.ts'
import { CallFailure } from '../failure.ts'
import { requestIdOf } from './answer-failure.ts'

interface EmbeddingOptions {
  readonly headers: SharedV4Headers
  readonly providerOptions: SharedV4ProviderOptions
}

/**
 * Embeds texts in requests of as many as the vendor takes.
 *
 * @param spent hears after each request what was used so far: it is billed, whatever comes of the next.
 */
export async function embedded(
  model: EmbeddingModelV4,
  call: EmbeddingCall,
  options: EmbeddingOptions,
  spent: (usage: Usage | null) => void,
): Promise<EmbeddingAnswer> {
  const { texts, target, signal } = call
  const perRequest = (await model.maxEmbeddingsPerCall) ?? texts.length
  const vectors: (readonly number[])[] = []
  let usage: Usage | null | undefined
  let requestId: { readonly requestId?: string } = {}
  for (let at = 0; at < texts.length; at += perRequest) {
    const values = texts.slice(at, at + perRequest)
    const answer = await model.doEmbed({ values, abortSignal: signal, ...options })
    const reported = usageOf(answer)
    // What one request does not say makes the sum unknown.
    usage = usage === undefined ? reported : usage && reported && addUsage(usage, reported)
    spent(usage)
    requestId = requestIdOf(answer.response?.headers)
    checkVectors(answer.embeddings, values.length, target.spec.dimensions)
    vectors.push(...answer.embeddings)
  }
  return { vectors, usage: usage ?? null, ...requestId, simulated: false }
}

type Embedded = Awaited<ReturnType<EmbeddingModelV4['doEmbed']>>

function usageOf({ usage, response }: Embedded): Usage | null {
  const tokens = usage?.tokens ?? tokensIn(response?.body)
  return tokens === undefined || !Number.isFinite(tokens) ? null : { input: tokens, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 }
}

/** Where Google says it, which its package leaves out. */
function tokensIn(body: unknown): number | undefined {
  const usage = isJsonObject(body) ? body.usageMetadata : undefined
  const tokens = isJsonObject(usage) ? usage.promptTokenCount : undefined
  return typeof tokens === 'number' ? tokens : undefined
}

/** A vector of another length would be compared with none of an index, or with all of them wrongly. */
function checkVectors(vectors: Embedded['embeddings'], count: number, dimensions: number | undefined): void {
  if (vectors.length !== count)
    throw new CallFailure({ class: 'invalid_response', message: `gave ${vectors.length} vectors for ${count} texts` })
  const expected = dimensions ?? vectors[0]?.length
  const other = vectors.find(vector => vector.length !== expected)
  if (other === undefined) return
  throw new CallFailure({
    class: 'invalid_response',
    message: `gave a vector of ${other.length} dimensions, expected ${expected}`,
  })
}
