import type { CodePage } from './page.ts'

export const promoteCodes = {
  'promote/nothing': {
    severity: 'error',
    since: '1.0',
    what: 'The environment that versions would be taken from has none of them.',
    why: 'A promote takes what is active there now.',
    cure: ['Make a release there first: flowrun apply -e ENV', 'Or correct the address: flowrun show -e ENV lists what is active.'],
  },
  'promote/same-environment': {
    severity: 'error',
    since: '1.0',
    what: 'A promote names one environment for both ends.',
    why: 'It takes versions from one environment to another.',
    cure: ['Name two environments: flowrun promote --from dev --to prod'],
  },
  'promote/variable-differs': {
    severity: 'error',
    since: '1.0',
    what: 'A version was compiled with the value of a variable that is another one in the environment it would go to.',
    why: 'The value is part of the text. Promoted as it is, prod would run with the value of dev.',
    cure: [
      'Compile it for that environment: flowrun plan -e ENV, then flowrun apply -e ENV',
      'Or promote the other addresses by their names.',
    ],
  },
} as const satisfies Record<`promote/${string}`, CodePage>
