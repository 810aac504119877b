import { invariant } from '../base/invariant.ts'
import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import { isUsedUp, MAX_ATTEMPTS } from './attempt-limit.ts'
import { attemptTable, chainTable } from './attempt-table.ts'
import type { Attempt, CallHistory, CallTier, ModelTarget } from './call.ts'
import { type CallFailure, durationText, type FailureDetails, isBrokenOff, mayPass } from './failure.ts'
import type { FailureClass } from './failure-class.ts'
import { refusalDiagnostic } from './refusal-diagnostic.ts'
import type { MissingSecret } from './secrets.ts'

/**
 * What a person is told about a call that gave no answer; the command adds the source line of `address` and `argument`.
 *
 * @param tiers of the call.
 * @param flow what was asked to run: `prompt.answer`.
 */
export function failureDiagnostic(failure: CallFailure, tiers: readonly CallTier[], flow: string): DiagnosticInput {
  const { details } = failure
  const target = details.target ?? tiers[0]?.models[0]
  const history = details.history
  invariant(target && history, 'gateway/failure-without-call', 'a failure that leaves the gateway knows its model and what happened')
  const refusal = refusalDiagnostic(details, target, history, flow)
  if (refusal) return refusal
  if (history.passedOver.length > 0) return chainExhausted(failure, tiers, history)
  const words = describe(details, target, history.attempts)
  // The rows of a rate limit say it all; elsewhere the request id is what helps.
  const facts = words.table && details.class === 'rate_limited' ? [] : factsOf(details)
  const notes = isUsedUp(history) ? [...facts, USED_UP] : facts
  const detail = [...(words.table ? attemptTable(history.attempts) : []), ...words.cure].join('\n')
  return {
    code: details.providerCode === 'ADDRESS_REFUSED' ? 'provider/private-address' : (CODES[details.class] ?? 'provider/bad-response'),
    summary: words.summary,
    ...(words.subject !== undefined && { address: words.subject === 'provider' ? target.provider.address : target.address }),
    ...(words.argument !== undefined && { argument: words.argument }),
    ...(notes.length > 0 && { notes }),
    ...(detail !== '' && { detail }),
  }
}

const USED_UP = `${MAX_ATTEMPTS} requests were made, which is the most for one call`

function chainExhausted(failure: CallFailure, tiers: readonly CallTier[], history: CallHistory): DiagnosticInput {
  const first = tiers[0]?.models[0]?.address ?? ''
  return {
    code: 'gateway/chain-exhausted',
    summary: `No model of ${first}'s chain could answer`,
    address: first,
    argument: 'fallback',
    ...(isUsedUp(history) && { notes: [USED_UP] }),
    detail: [
      ...chainTable(tiers, failure.details, history),
      '',
      `${mayPass(failure) ? 'Nothing is wrong with the prompt. ' : ''}${LATER}; see: flowrun models status`,
    ].join('\n'),
  }
}

/**
 * @param tryInstead a command that needs no key, where there is one.
 */
export function missingSecretDiagnostic(
  { secretName, lookedIn, variable }: MissingSecret,
  target: ModelTarget,
  tryInstead?: string,
): DiagnosticInput {
  return {
    code: 'secret/missing',
    summary: `Secret "${secretName}" is not set`,
    address: target.provider.address,
    argument: 'api_key',
    detail: [
      `Looked in: ${lookedIn.join('; ')}.`,
      ...(variable === undefined ? ['Put it into one of these places.'] : [`Set it for this shell:  export ${variable}=…`]),
      ...(tryInstead === undefined ? [] : [`Or try without a key:   ${tryInstead}`]),
      'No call was made.',
    ].join('\n'),
  }
}

const CODES: Partial<Readonly<Record<FailureClass, DiagnosticCode>>> = {
  rate_limited: 'provider/rate-limited',
  overloaded: 'provider/overloaded',
  server_error: 'provider/server-error',
  timeout: 'provider/timeout',
  network: 'provider/unreachable',
  bad_request: 'provider/bad-request',
  unauthorized: 'provider/unauthorized',
  forbidden: 'provider/forbidden',
  not_found: 'provider/not-found',
  content_filter: 'provider/content-filter',
  context_overflow: 'provider/context-overflow',
  invalid_response: 'provider/bad-response',
  aborted: 'run/cancelled',
}

interface Words {
  readonly summary: string
  /** Which block has the line to look at; none where the configuration is not to blame. */
  readonly subject?: 'provider' | 'model'
  readonly argument?: string
  /** Lines of the detail. */
  readonly cure: readonly string[]
  /** The attempts are shown one by one. */
  readonly table?: true
}

const HOLD_BACK = 'Hold calls back before the provider does:'
const ELSEWHERE = 'Or answer from elsewhere:'
const BACKUP = 'fallback = [model.backup]'
const LATER = 'Try it again in a while'

function describe(details: FailureDetails, target: ModelTarget, attempts: readonly Attempt[]): Words {
  const model = target.address
  const provider = target.provider.address
  switch (details.class) {
    case 'unauthorized':
      return {
        summary: `${provider} refused the key`,
        subject: 'provider',
        argument: 'api_key',
        cure: [
          `Not retried, for a refused key stays refused. ${details.key ? `Put a valid key into ${details.key.name}.` : 'Give the provider block a valid api_key.'}`,
        ],
      }
    case 'forbidden':
      return {
        summary: `${provider} does not allow this call`,
        subject: 'provider',
        argument: 'api_key',
        cure: [`Not retried. See at the provider what the account may use, and its credit.`],
      }
    case 'not_found':
      return {
        summary: `${provider} does not know "${target.spec.id}"`,
        subject: 'model',
        argument: 'id',
        cure: [`Not retried. Correct the id of ${model}, or the base_url of ${provider}.`],
      }
    case 'bad_request':
      return details.providerCode === 'ADDRESS_REFUSED'
        ? {
            summary: `${provider} leads to ${details.message}`,
            subject: 'provider',
            argument: 'base_url',
            cure: ['For a model server of your own network:  allow_private = true', 'No call was made.'],
          }
        : {
            summary: `${provider} does not accept the request`,
            cure: ['Not retried, for the same request would be refused again.'],
          }
    case 'context_overflow':
      return {
        summary: `The call does not fit into the window of ${model}`,
        subject: 'model',
        cure: ['Not retried. Send less, lower max_output_tokens, or use a model with a larger window.'],
      }
    case 'content_filter':
      return {
        summary: `${provider} withheld the answer`,
        cure: ['Not retried, for the same question would be answered so again.'],
      }
    case 'invalid_response':
      return {
        summary: `${provider} answered with something that is not an answer`,
        subject: 'provider',
        argument: 'base_url',
        cure: [`Not retried. See that the base_url of ${provider} leads to its API.`],
      }
    case 'aborted':
      return { summary: 'The run was cancelled', cure: [] }
    default:
      return tried(details, target, attempts)
  }
}

/** What was tried until the attempts were used up, or could not be tried. */
function tried(details: FailureDetails, { address, provider, spec }: ModelTarget, attempts: readonly Attempt[]): Words {
  const through = attempts.length > 1 ? ` through ${attempts.length} attempts` : ''
  const table = attempts.length > 1 ? { table: true as const } : {}
  const [fallback] = spec.fallback
  // With a fallback a failure gets here only when it was not asked, for the answer had begun (GW-4).
  const noFallback =
    fallback === undefined
      ? ` ${address} has no fallback.`
      : ` Its fallback ${fallback.$ref} was not asked: no other model goes on with an answer that has begun.`
  const laterOrElsewhere = fallback === undefined ? `${LATER}, or answer from elsewhere:  ${BACKUP}` : `${LATER}.`
  switch (details.class) {
    case 'rate_limited': {
      const allowed = details.requestsPerMinute
      const cures =
        allowed === undefined
          ? [laterOrElsewhere]
          : [
              `${HOLD_BACK}  rate_limit { requests_per_minute = ${Math.floor(allowed * 0.9)} }`,
              ...(fallback === undefined ? [`${ELSEWHERE.padEnd(HOLD_BACK.length)}  ${BACKUP}`] : []),
            ]
      const said =
        allowed === undefined
          ? 'The provider takes no more calls of this key for now.'
          : `The provider allows ${allowed} requests per minute for this key.`
      return {
        summary: `${address} ${through === '' ? 'is' : 'stayed'} rate limited${through}`,
        ...table,
        cure: [...tooLong(details, spec.retry.max_ms), said + noFallback, ...cures],
      }
    }
    case 'overloaded':
      return {
        summary: `${address} ${through === '' ? 'is' : 'stayed'} overloaded${through}`,
        ...table,
        cure: [...tooLong(details, spec.retry.max_ms), `Nothing is wrong with the prompt.${noFallback}`, laterOrElsewhere],
      }
    case 'timeout':
      return { ...table, ...tookTooLong(details, { address, provider, spec }, through, noFallback) }
    case 'network':
      return isBrokenOff(details)
        ? {
            summary: `${provider.address} broke off the connection${through}`,
            ...table,
            cure: [`Nothing is wrong with the prompt.${noFallback}`, laterOrElsewhere],
          }
        : { summary: `${provider.address} cannot be reached`, subject: 'provider', argument: 'base_url', ...table, cure: [REACHES] }
    default:
      return {
        summary: `${provider.address} failed${through}`,
        ...table,
        cure: [
          `Nothing is wrong with the prompt.${noFallback}${details.requestId === undefined ? '' : " The provider's support asks for the request id."}`,
          laterOrElsewhere,
        ],
      }
  }
}

const REACHES = 'See that this machine reaches that address, and that a server answers there.'

function tookTooLong({ exceeded, message }: FailureDetails, target: ModelTarget, through: string, noFallback: string): Words {
  const { address, provider, spec } = target
  const inTime = `${address} did not answer in time${through}`
  switch (exceeded) {
    // The provider, or something before it, said so.
    case undefined:
      return { summary: inTime, cure: [`${LATER}, or ask for less.${noFallback}`] }
    case 'connect_timeout':
      return {
        summary: `${provider.address} cannot be reached`,
        subject: 'provider',
        argument: exceeded,
        cure: [`No connection was made within ${durationText(provider.spec.connect_timeout_ms)} (${exceeded}). ${REACHES}`],
      }
    default: {
      const limitMs = exceeded === 'timeout' ? spec.timeout_ms : spec.first_token_timeout_ms
      return {
        summary: through === '' ? `${address} ${message}` : inTime,
        subject: 'model',
        argument: exceeded,
        cure: [`Give it more time with ${exceeded}, now ${durationText(limitMs)}, or ask for less.${noFallback}`],
      }
    }
  }
}

function tooLong({ retryAfterMs }: FailureDetails, maxMs: number): readonly string[] {
  return retryAfterMs !== undefined && retryAfterMs > maxMs
    ? [`It asks to wait ${durationText(retryAfterMs)}, longer than retry.max (${durationText(maxMs)}).`]
    : []
}

/** What is known about the last attempt, one fact a line. */
function factsOf(details: FailureDetails): readonly string[] {
  // The summary has said it.
  if (details.providerCode === 'ADDRESS_REFUSED') return []
  const code = details.providerCode === undefined ? '' : ` ${details.providerCode}`
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['found in', details.key?.foundIn],
    ['status', details.status === undefined ? undefined : `${details.status}${code}: ${quoted(details.message)}`],
    [
      'cause',
      details.status === undefined && details.class !== 'aborted' && details.class !== 'timeout' && code !== ''
        ? `${details.message.includes(code.trim()) ? '' : `${code.trim()}: `}${details.message}`
        : undefined,
    ],
    ['provider', details.status === undefined && code === '' && details.class === 'bad_request' ? details.message : undefined],
    details.requestId === undefined
      ? ['url', details.url]
      : ['request', `${details.requestId}${details.url === undefined ? '' : ` to ${details.url}`}`],
  ]
  return facts.filter(([, text]) => text !== undefined).map(([name, text]) => `${name.padEnd(10)} ${text}`)
}

/** Words that have quotes in them stand for themselves. */
function quoted(words: string): string {
  return words.includes('"') ? words : `"${words}"`
}
