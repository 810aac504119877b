import type { CodePage } from './page.ts'

export const holdCodes = {
  'hold/none': {
    severity: 'error',
    since: '1.0',
    what: 'No hold that is in force fits what was named.',
    why: 'A lift that lifts nothing is a mistake in a name or in the environment.',
    cure: ['See what is held: flowrun holds -e ENV'],
    see: ['apply/held'],
  },
} as const satisfies Record<`hold/${string}`, CodePage>
