import type { CallHistory, ModelTarget, Usage } from './call.ts'
import type { FailureClass } from './failure-class.ts'

export interface FailureDetails {
  readonly class: FailureClass
  /** One sentence without a full stop, in the provider's words where it said something; secrets are taken out already. */
  readonly message: string
  /** HTTP status; absent when there was no answer. */
  readonly status?: number
  /** The provider's own code: `rate_limit_exceeded`, or a code of the network: `ECONNREFUSED`. */
  readonly providerCode?: string
  readonly requestId?: string
  readonly url?: string
  readonly retryAfterMs?: number
  /** The limit of ours that was exceeded. */
  readonly exceeded?: 'timeout' | 'first_token_timeout' | 'connect_timeout' | 'deadline'
  /** What the provider says that it allows this key. */
  readonly requestsPerMinute?: number
  /** The secret that was sent as the key, and where it was found. */
  readonly key?: { readonly name: string; readonly foundIn: string }
  /** A failed attempt may be billed: usage that the provider reported before it failed. */
  readonly usage?: Usage
  readonly costNano?: number | null
  /** The model that was asked last; set where nothing further is tried. */
  readonly target?: ModelTarget
  /** It was cancelled before anything was sent. */
  readonly isUnsent?: true
  /** Something was streamed before: a watcher has seen it. */
  readonly streamed?: boolean
  /** Of an answer that does not fit. */
  readonly violations?: readonly { readonly path: string; readonly text: string }[]
  /** The block of the configuration that refused: `budget.daily`, `guard.no_pii`. */
  readonly refusedBy?: string
  /** Of a budget that pauses: what a run can wait for. */
  readonly waitsFor?: BudgetWait
  /** Facts of a refusal, one a line, for people: `spent     $4.99 of $5.00`. */
  readonly notes?: readonly string[]
  /** What to do, one a line, where the layer that refused knows it. */
  readonly cure?: readonly string[]
  /** What happened in the whole call; set when nothing further is tried. */
  readonly history?: CallHistory
}

/** A budget pays again from a moment on, or when its limit is raised (BUD-8). */
export interface BudgetWait {
  /** `budget.daily` */
  readonly budget: string
  /** The limit that refused. */
  readonly limitNano: number
  /** Absent: of a single run, which has no other window. */
  readonly resumesAtMs?: number
}

/** An attempt, or a whole call, that gave no answer. It carries no cause: a foreign error could carry a secret. */
export class CallFailure extends Error {
  readonly details: FailureDetails

  constructor(details: FailureDetails) {
    super(details.message)
    this.name = 'CallFailure'
    this.details = details
  }
}

/** The same failure, knowing more. */
export function extendFailure(failure: CallFailure, more: Partial<FailureDetails>): CallFailure {
  return new CallFailure({ ...failure.details, ...more })
}

/** `50 ms`, `8 s`, `1.5 s` */
export function durationText(ms: number): string {
  return ms > 0 && ms < 1000 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`
}

/** What may go better a while later, when nothing else is changed. */
const PASSING: ReadonlySet<FailureClass> = new Set([
  'rate_limited',
  'overloaded',
  'server_error',
  'timeout',
  'network',
  'breaker_open',
  'permit_timeout',
  'budget_unavailable',
])

export function mayPass({ details }: CallFailure): boolean {
  return PASSING.has(details.class)
}

/** The connection was there: what came over it ended too early. */
const BROKEN_OFF: ReadonlySet<string | undefined> = new Set([
  undefined,
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
])

export function isBrokenOff({ class: failureClass, providerCode }: FailureDetails): boolean {
  return failureClass === 'network' && BROKEN_OFF.has(providerCode)
}

/** Nobody refused the call: the provider may have worked on it, and bills what it did without saying so here. */
export function mayBeBilled(details: FailureDetails): boolean {
  const { status } = details
  if (details.isUnsent || details.usage !== undefined) return false
  // An answer that cannot be read is one all the same; what a vendor puts around an error is none.
  if (status !== undefined) return status >= 200 && status < 300
  return (
    details.class === 'invalid_response' ||
    details.class === 'aborted' ||
    (details.class === 'timeout' && details.exceeded !== 'connect_timeout') ||
    isBrokenOff(details)
  )
}

export function abortedFailure(): CallFailure {
  return new CallFailure({ class: 'aborted', message: 'the call was cancelled' })
}

/** The same, while the call still waited for its turn: nobody bills it (GW-7). */
export function unsentFailure(): CallFailure {
  return extendFailure(abortedFailure(), { isUnsent: true })
}

/**
 * Milliseconds to wait, from `retry-after-ms`, or `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3).
 *
 * @param nowMs wall time, for dates. A moment that has passed is 0; text that is neither is undefined.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const precise = headers['retry-after-ms']
  if (precise !== undefined && /^\d+(\.\d+)?$/.test(precise)) return Math.ceil(Number(precise))
  const text = headers['retry-after']?.trim()
  if (text === undefined || text === '') return undefined
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  // Date.parse takes much that is no date ("1-2"); an HTTP date starts with the name of a day.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
