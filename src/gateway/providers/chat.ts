import { flowrunVersion } from '../../base/version.ts'
import type { ModelCall, ProviderTarget } from '../call.ts'
import type { AnswerHead, BodyTaker, WholeAnswer } from '../exchange.ts'
import { CallFailure } from '../failure.ts'
import type { NetworkPolicy } from '../http.ts'
import { answerFailure, requestIdOf, withoutUserInfo } from './answer-failure.ts'
import { type Attempting, withCredentials } from './attempt.ts'
import { answerOf, type ChatAnswer, readChatAnswer } from './chat-answer.ts'
import { type ChatDialect, chatRequest } from './chat-request.ts'
import { type ChatStream, createChatStream } from './chat-stream.ts'
import { checkedAnswer } from './checked-answer.ts'
import type { Credentials } from './credentials.ts'
import type { ModelProvider, ProviderDependencies, VendorApi } from './definition.ts'
import { requiredEndpoint } from './endpoint.ts'
import { createEventReader } from './event-lines.ts'
import { excerpt } from './excerpt.ts'
import { type SupportedUrls, withFetchedFiles } from './fetched-files.ts'
import { foreignDetails } from './network-failure.ts'

/** A vendor whose chat completions are called without a package: a third of the work, and nothing to load. */
export interface ChatVendor {
  readonly api: VendorApi
  readonly dialect: ChatDialect
  /** Where requests for a model go, from the endpoint on; absent: `/chat/completions`. */
  pathOf?(call: ModelCall): string
  /** Addresses of files that the vendor fetches by itself, by type of media. */
  readonly supportedUrls: SupportedUrls
}

const EVENT_STREAM = 'text/event-stream'

/** Answers over chat completions; vectors are another interface's to make. */
export function connectChat(
  { api, dialect, pathOf = () => '/chat/completions', supportedUrls }: ChatVendor,
  target: ProviderTarget,
  dependencies: ProviderDependencies,
): Pick<ModelProvider, 'answer'> {
  const attempting: Attempting = { api, target, dependencies }
  const policy: NetworkPolicy = { connectTimeoutMs: target.spec.connect_timeout_ms, allowPrivate: target.spec.allow_private }
  return {
    answer: call =>
      withCredentials(attempting, call, async credentials => {
        const url = requiredEndpoint(api, target) + pathOf(call)
        const { body, warnings } = chatRequest(await withFetchedFiles(call, supportedUrls, dependencies.http, policy), dialect)
        const stream = call.onEvent && createChatStream(call.onEvent, dependencies.redactor.redact)
        const request = { url, method: 'POST', headers: headersOf(credentials), body, signal: call.signal, policy }
        const answer = await dependencies.http.exchange(request, stream && takerOf(stream)).catch(brokenOff(url, dependencies))
        const read = stream && isEventStream(answer) ? stream.answer() : requiredAnswer(answer, url, stream !== undefined, dependencies)
        return checkedAnswer(answerOf(read, call.target, warnings, requestIdOf(answer.headers)), call)
      }),
  }
}

/** @throws CallFailure that says where the connection was to. */
function brokenOff(url: string, { redactor }: ProviderDependencies): (error: unknown) => never {
  return error => {
    throw error instanceof CallFailure ? error : new CallFailure({ ...foreignDetails(error, redactor.redact), url: withoutUserInfo(url) })
  }
}

const OWN_HEADERS = Object.freeze({ 'content-type': 'application/json', 'user-agent': `flowrun/${flowrunVersion}` })

function headersOf({ headers }: Credentials): Record<string, string> {
  const all: Record<string, string> = { ...OWN_HEADERS }
  for (const name in headers) if (headers[name] !== undefined) all[name] = headers[name]
  return all
}

function isEventStream({ status, headers }: AnswerHead): boolean {
  return status >= 200 && status < 300 && headers['content-type']?.startsWith(EVENT_STREAM) === true
}

function takerOf(stream: ChatStream): BodyTaker {
  return head => (isEventStream(head) ? createEventReader(data => stream.take(data)) : undefined)
}

/** @throws CallFailure for everything that is not a whole answer. */
function requiredAnswer(
  { status, headers, text }: WholeAnswer,
  url: string,
  isStream: boolean,
  { redactor, clock }: ProviderDependencies,
): ChatAnswer {
  const isSuccess = status >= 200 && status < 300
  const read = isSuccess && !isStream ? readChatAnswer(text) : undefined
  if (read !== undefined) return read
  if (isSuccess && isStream) {
    const type = headers['content-type'] ?? 'no content type'
    const message = `answered with ${type}, expected ${EVENT_STREAM}: ${excerpt(redactor.redact(text))}`
    throw new CallFailure({ class: 'invalid_response', status, message })
  }
  throw answerFailure({ message: '', url, statusCode: status, responseHeaders: headers, responseBody: text }, clock.now(), redactor.redact)
}
