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
} as const satisfies Record<`gateway/${string}`, CodePage>
