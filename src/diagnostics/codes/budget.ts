import type { CodePage } from './page.ts'

/** Limits on money: what they can be told about themselves, and what they refuse. */
export const budgetCodes = {
  'budget/unknown-price': {
    severity: 'error',
    since: '1.0',
    what: 'A budget limits calls of a model whose price nobody knows.',
    example:
      'provider "local" {\n  type          = "openai_compatible"\n  base_url      = "http://localhost:11434/v1"\n  allow_private = true\n}\n\nmodel "local" {\n  provider = provider.local\n  id       = "acme-7b"\n}\n\n«budget "team"» {\n  limit = "$5"\n  per   = "day"\n}\n',
    why: 'What a call costs cannot be counted then, and a limit that cannot be checked refuses: an unknown price is never 0.',
    cure: [
      'Write the price into the model:  price { input = "$0.10" output = "$0.20" }, each on its own line',
      'Say what the budget is for:  applies_to = [model.large]',
      'Or let such calls pass uncounted:  unknown_price = "ignore"',
    ],
    see: ['gateway/unknown-price'],
  },
  'budget/exhausted': {
    severity: 'error',
    since: '1.0',
    what: 'What is left of a budget does not pay for the call, so it was not made.',
    why: 'Each attempt reserves the most that it can cost before it is made. So no number of calls at once, and no process that dies, exceeds the limit.',
    cure: [
      'See what spent it:  flowrun costs --by flow --since 1d',
      'Wait until it starts again, or raise the limit: a change acts at once.',
      'Reserve less:  params { max_output_tokens = 500 }',
      'Or go on with a cheaper model:  action = "degrade", degrade_to = model.small',
      'Or let runs wait for it:  action = "pause"',
    ],
    see: ['budget/unavailable'],
  },
  'budget/unavailable': {
    severity: 'error',
    since: '1.0',
    what: 'What a budget has spent could not be read or written, so the call was not made.',
    why: 'A limit that is let through when its store is away is no limit.',
    cure: ['See to the file that the message names, then try again.'],
    see: ['budget/exhausted'],
  },
} as const satisfies Record<`budget/${string}`, CodePage>
