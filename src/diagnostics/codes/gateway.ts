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
  'gateway/deadline': {
    severity: 'error',
    since: '1.0',
    what: 'The run had a time limit, and it was over before a model had answered.',
    why: 'No attempt lasts longer than its run may, and nothing is waited for beyond that.',
    cure: ['Give the run more time.', 'Or let attempts end earlier, so that a fallback still has time:  timeout = "20s"'],
  },
} as const satisfies Record<`gateway/${string}`, CodePage>
