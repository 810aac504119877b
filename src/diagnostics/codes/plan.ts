import type { CodePage } from './page.ts'

/** What planning can say. */
export const planCodes = {
  'plan/condition-failed': {
    severity: 'error',
    since: '1.0',
    what: 'A precondition or postcondition does not hold.',
    example:
      'locals {\n  topics = []\n}\n\noutput "topics" {\n  value = local.topics\n  precondition {\n    condition     = «length(local.topics) > 0»\n    error_message = "topics must not be empty."\n  }\n}\n',
    why: 'The author of the configuration said so.',
    cure: ['Change what the condition speaks of, or the condition.'],
  },
  'plan/prevent-destroy': {
    severity: 'error',
    since: '1.0',
    what: 'A block would be archived, and says that it must not be.',
    why: 'What runs it would find nothing at its address; prevent_destroy asks for a second thought.',
    cure: ['Keep the instance in for_each or count.', 'Or remove prevent_destroy first, and plan again.'],
  },
  'plan/unknown-version': {
    severity: 'error',
    since: '1.0',
    what: 'pin() names a version that the registry does not have.',
    why: 'A flow that is pinned to nothing would fail at its first run.',
    cure: ['See which there are: flowrun versions ADDRESS.', 'A first version is published by an apply without the pin.'],
  },
  'plan/not-a-plan': {
    severity: 'error',
    since: '1.0',
    what: 'A file is not a saved plan.',
    why: 'Only what flowrun plan -out wrote can be applied.',
    cure: ['Name the file that was given to -out.'],
  },
  'plan/altered': {
    severity: 'error',
    since: '1.0',
    what: 'A saved plan does not match its digest.',
    why: 'What is applied is what was read and approved.',
    cure: ['Make the plan again.'],
  },
  'plan/other-version': {
    severity: 'error',
    since: '1.0',
    what: 'A saved plan was made by another minor version of flowrun.',
    why: 'Versions may plan differently.',
    cure: ['Make the plan again with this version.'],
  },
} as const satisfies Record<`plan/${string}`, CodePage>
