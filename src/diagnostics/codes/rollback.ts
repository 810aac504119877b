import type { CodePage } from './page.ts'

export const rollbackCodes = {
  'rollback/nowhere': {
    severity: 'error',
    since: '1.0',
    what: 'There is nothing to go back to: no earlier version or release that is neither current nor held.',
    why: 'A rollback goes further back each time. It never returns to what an earlier rollback left.',
    cure: [
      'Choose where to go: --to N for a version, --to-release N for a release.',
      'See what is held: flowrun holds. A held version needs --override-hold REASON.',
    ],
    see: ['rollback/never-active', 'apply/held'],
  },
  'rollback/never-active': {
    severity: 'error',
    since: '1.0',
    what: 'A rollback would go to a version that the environment has never had.',
    why: 'A rollback passes the gates by, since what it brings was let in before. Something new comes by apply or promote.',
    cure: [
      'Choose a version that was active there: flowrun releases lists the releases.',
      'Or bring the new one: flowrun promote ADDRESS --from ENV --to ENV',
    ],
    see: ['rollback/nowhere'],
  },
} as const satisfies Record<`rollback/${string}`, CodePage>
