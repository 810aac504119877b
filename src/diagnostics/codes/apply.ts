import type { CodePage } from './page.ts'

/** What applying can say. */
export const applyCodes = {
  'apply/stale-plan': {
    severity: 'error',
    since: '1.0',
    what: 'Something that a saved plan was made from has changed since.',
    why: 'A saved plan is a promise of what will happen: it is kept, or refused.',
    cure: ['Make the plan again, read it, and apply that one.'],
    see: ['apply/moved'],
  },
  'apply/moved': {
    severity: 'error',
    since: '1.0',
    what: 'Somebody released to the environment while an approved rollback or promote was on its way, and it would do something else now; or an apply with --override-hold would lift a hold that was placed meanwhile.',
    why: 'What was approved beforehand is not what would happen.',
    cure: ['Read the new plan, and run the command again.'],
  },
  'apply/contended': {
    severity: 'error',
    since: '1.0',
    what: 'The environment moved each of the five times that the apply tried.',
    why: 'A release is made against the release that its plan has seen. Between two attempts is a pause that grows.',
    cure: ['Try again when others are done.'],
  },
  'apply/protected': {
    severity: 'error',
    since: '1.0',
    what: 'An environment with protected = true would be destroyed.',
    why: 'What runs on it would find nothing; one more word keeps a slip from doing that.',
    cure: ['If it is meant: flowrun destroy -e NAME -allow-protected'],
  },
  'apply/held': {
    severity: 'error',
    since: '1.0',
    what: 'The plan would publish a text again that somebody has rolled back.',
    why: 'A rollback is a decision of a person; an apply from CI does not undo it without a word.',
    cure: ['Change the text: another version is not held.', 'Or publish it on purpose: flowrun apply --override-hold REASON.'],
  },
  'apply/owned-elsewhere': {
    severity: 'error',
    since: '1.0',
    what: 'A block of the configuration belongs to another configuration in this environment.',
    why: 'Two configurations that own one address would undo each other for ever.',
    cure: ['Rename the block here, or remove it there.'],
  },
  'apply/refused': {
    severity: 'error',
    since: '1.0',
    what: 'Several rules refuse the plan.',
    why: 'Each of them says something else; the plan lists them.',
    cure: ['See the plan: flowrun plan.'],
    see: ['apply/held', 'apply/owned-elsewhere'],
  },
} as const satisfies Record<`apply/${string}`, CodePage>
