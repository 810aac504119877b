import type { CodePage } from './page.ts'

export const releaseCodes = {
  'release/moved': {
    severity: 'error',
    since: '1.0',
    what: 'Somebody made a release of the environment after the plan was made.',
    why: 'A plan says what changes against one release. Applied to another, it could undo what nobody was shown.',
    cure: ['Plan again, and look at what moved: flowrun plan', 'See who made which release: flowrun releases'],
    see: ['version/taken'],
  },
  'release/dangling-reference': {
    severity: 'error',
    since: '1.0',
    what: 'After the release a block would refer to an address that has no active version.',
    why: 'A flow that reaches it would fail at its first run.',
    cure: ['Release the block that is referred to as well.', 'Or change or remove the block that refers to it.'],
    see: ['release/incompatible'],
  },
  'release/incompatible': {
    severity: 'error',
    since: '1.0',
    what: 'After the release a block would refer to a version whose interface it was never compiled against.',
    why: 'Inputs, outputs or capabilities differ from what the block was checked with, so it could fail at its first run.',
    cure: ['Apply both blocks together, from one configuration.', 'Or roll both back to the release in which they last agreed.'],
    see: ['release/dangling-reference'],
  },
} as const satisfies Record<`release/${string}`, CodePage>
