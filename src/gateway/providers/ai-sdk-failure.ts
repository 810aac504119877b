import { isJsonObject } from '../../base/json.ts'
import type { FailureDetails } from '../failure.ts'
import type { Redactor } from '../redactor.ts'
import { apiDetails } from './answer-failure.ts'
import { excerpt, oneLine } from './excerpt.ts'
import { codeIn, ENDED_EARLY, foreignDetails, isNetworkCode, misreadDetails, networkDetails } from './network-failure.ts'
import { isStreamError, type StreamError, streamDetails } from './stream-failure.ts'

type Redact = Redactor['redact']

/** What the SDK or the network threw, as facts of ours. */
export async function sdkDetails(error: unknown, nowMs: number, redact: Redact): Promise<FailureDetails> {
  // Loaded by now: whatever threw came through the vendor's package.
  const { APICallError } = await import('@ai-sdk/provider')
  if (APICallError.isInstance(error)) {
    return error.statusCode === undefined || isNetworkCode(codeIn(error.cause))
      ? { ...networkDetails(error.cause ?? error), url: error.url }
      : apiDetails(error, nowMs, redact)
  }
  const inStream = streamErrorIn(error)
  if (inStream) return streamDetails(inStream, redact)
  if (!(error instanceof Error) || codeIn(error) !== undefined) return foreignDetails(error, redact)
  // A frame of Amazon's that was cut in two.
  if (error.message.startsWith('Incomplete Amazon Bedrock')) return ENDED_EARLY
  if (REFUSALS.has(error.name)) return { class: 'bad_request', message: error.message }
  return misreadDetails(misread(error, redact))
}

/** What a package cannot say to its vendor. */
const REFUSALS: ReadonlySet<string> = new Set(['AI_UnsupportedFunctionalityError', 'AI_InvalidArgumentError', 'AI_InvalidPromptError'])

/** What the SDK could not read, rather than how it complains. */
function misread(error: Error, redact: Redact): string {
  if (error.name === 'AI_JSONParseError' && 'text' in error) return excerpt(redact(String(error.text)))
  if (error.name === 'AI_TypeValidationError' && 'value' in error) return excerpt(redact(JSON.stringify(error.value) ?? ''))
  return oneLine(redact(error.message))
}

/** An error that a vendor put into the stream, after status 200; some of a form that their package does not know. */
function streamErrorIn(error: unknown): StreamError | undefined {
  if (isStreamError(error)) return error
  if (!(error instanceof Error) || error.name !== 'AI_TypeValidationError' || !('value' in error)) return undefined
  const { value } = error
  if (!isJsonObject(value)) return undefined
  if (isStreamError(value.error)) return value.error
  return (value.type === 'error' || value.object === 'error') && isStreamError(value) ? value : undefined
}
