import type { CodePage } from './page.ts'

export const versionCodes = {
  'version/taken': {
    severity: 'error',
    since: '1.0',
    what: 'A version number that the plan names was taken by another text after the plan was made.',
    why: 'Numbers belong to the project, and all environments share them: one number never means two texts.',
    cure: ['Plan again: the next free number is taken.'],
    see: ['release/moved'],
  },
} as const satisfies Record<`version/${string}`, CodePage>
