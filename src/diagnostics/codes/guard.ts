import type { CodePage } from './page.ts'

/** What a guard can be told about itself, and what it says of a text. */
export const guardCodes = {
  'guard/empty': {
    severity: 'error',
    since: '1.0',
    what: 'A guard has no detector, so it lets everything through.',
    example: '«guard "no_pii"» {\n  action = "redact"\n}\n',
    why: 'Whoever reads the configuration would believe that something is checked.',
    cure: ['Add a detector: pii {}, secrets {}, injection {} or json {}.', 'Or a block length, pattern or judge with its arguments.'],
  },
  'guard/blocked': {
    severity: 'error',
    since: '1.0',
    what: 'A guard found something in the input, in the answer or in the result of a tool, and its action is `block`.',
    why: 'That is what the guard is there for. A text that was blocked is neither stored nor shown, and the message counts what was found without repeating it.',
    cure: [
      'Send another input, where the input is to blame.',
      'Let the guard take out what it finds:  action = "redact"',
      'Or only mark it:  action = "flag"',
      'For an answer, a further tier can be asked:  escalate_on = ["guard_blocked"]',
    ],
  },
} as const satisfies Record<`guard/${string}`, CodePage>
