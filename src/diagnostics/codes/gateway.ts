import type { CodePage } from './page.ts'

export const gatewayCodes = {
  'gateway/max-cost': {
    severity: 'error',
    since: '1.0',
    what: 'The call could cost more than `max_cost` of the prompt allows, so it was not made.',
    why: 'The estimate counts the whole input and as many output tokens as the model may write: a limit that is checked afterwards is none.',
    cure: ['Allow fewer output tokens:  params { max_output_tokens = 500 }', 'Send less input.', 'Or raise max_cost.'],
  },
  'gateway/unknown-price': {
    severity: 'error',
    since: '1.0',
    what: 'The prompt has a `max_cost`, and the price of its model is unknown.',
    why: 'A limit that cannot be checked refuses: an unknown price is never 0.',
    cure: [
      'Write the price into the model:  price { input = "$0.15" output = "$0.60" }, each on its own line',
      'Or take max_cost out of the prompt.',
    ],
    see: ['gateway/max-cost'],
  },
  'gateway/chain-exhausted': {
    severity: 'error',
    since: '1.0',
    what: 'The model and all its fallbacks were asked, or passed over, and none answered.',
    why: 'Each failed in a way that another model might not: overload, a time limit, a broken connection, or an open circuit breaker.',
    cure: ['See which models are out of order:  flowrun models status', 'Add a fallback of another provider:  fallback = [model.backup]'],
    see: ['provider/overloaded', 'provider/rate-limited'],
  },
  'gateway/breaker-open': {
    severity: 'error',
    since: '1.0',
    what: 'The circuit breaker of the model is open, so it was not asked, and it has no fallback.',
    why: 'So many of its last calls failed that one more would wait for nothing, and would keep a provider down that comes up again. After the cooldown one call probes.',
    cure: [
      'Wait until it was probed:  flowrun models status',
      'Add a fallback of another provider:  fallback = [model.backup]',
      'Say when it opens:  circuit_breaker { failure_rate = 0.5 }',
    ],
    see: ['gateway/chain-exhausted'],
  },
  'gateway/permit-timeout': {
    severity: 'error',
    since: '1.0',
    what: 'The rate limits of the model or of its provider had no room for the call in time.',
    why: 'Calls are held back so that the provider refuses none. None waits longer than its model may take to answer, or than its run may last.',
    cure: [
      'See what is counted:  flowrun models status',
      'Raise the limit, where the provider allows more:  rate_limit { requests_per_minute = 500 }',
      'Let calls wait longer (timeout), or answer from elsewhere:  fallback = [model.backup]',
    ],
    see: ['provider/rate-limited'],
  },
  'gateway/deadline': {
    severity: 'error',
    since: '1.0',
    what: 'The run had a time limit, and it was over before a model had answered.',
    why: 'No attempt lasts longer than its run may, and nothing is waited for beyond that.',
    cure: ['Give the run more time.', 'Or let attempts end earlier, so that a fallback still has time:  timeout = "20s"'],
  },
} as const satisfies Record<`gateway/${string}`, CodePage>
