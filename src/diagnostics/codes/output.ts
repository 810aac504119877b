import type { CodePage } from './page.ts'

export const outputCodes = {
  'output/invalid': {
    severity: 'error',
    since: '1.0',
    what: 'The answer of the model does not fit the output type, or a validation of it, and its repairs do not either.',
    why: 'What a prompt declares as its output is what callers get, or an error: never something else.',
    cure: [
      'Say the shape in the words of the prompt, with an example.',
      'Or allow what the model writes.',
      'Or let it try more often:  repair = 2',
    ],
    see: ['output/truncated'],
  },
  'output/truncated': {
    severity: 'error',
    since: '1.0',
    what: 'The answer was cut off at the limit of output tokens.',
    why: 'Half an answer looks like a whole one to whoever reads it.',
    cure: [
      'Allow more:  params { max_output_tokens = 2000 }',
      'Ask for a shorter answer.',
      'Or take what is there:  on_truncated = "keep"',
    ],
    see: ['output/invalid'],
  },
  'output/unknown': {
    severity: 'error',
    since: '1.0',
    what: 'The last apply left no output of this name.',
    why: 'Outputs are read from the state, as the last apply wrote them.',
    cure: ['Correct the name.', 'Or declare the output, and apply.'],
  },
  'output/sensitive': {
    severity: 'error',
    since: '1.0',
    what: 'A sensitive output was asked for by name.',
    why: 'Sensitive values are not stored: neither the value nor a digest of it.',
    cure: ['Where the value may be seen, write nonsensitive(…) in the output, and apply.'],
  },
  'output/not-plain': {
    severity: 'error',
    since: '1.0',
    what: 'A list or object was asked for in its raw form.',
    why: 'Only strings, numbers and bools have one.',
    cure: ['Use --json.'],
  },
} as const satisfies Record<`output/${string}`, CodePage>
