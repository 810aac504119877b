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
  'plan/no-such-address': {
    severity: 'error',
    since: '1.0',
    what: '-target, -exclude or -replace names nothing that is configured or owned.',
    why: 'A plan of nothing would look like a plan without changes.',
    cure: [
      'Correct the address; quote it where the shell would read its brackets.',
      'See what there is: flowrun state list, flowrun show.',
    ],
  },
  'plan/nothing-to-replace': {
    severity: 'error',
    since: '1.0',
    what: '-replace names a block that has no content outside of the registry.',
    why: 'Artifacts are addressed by their digest: building one again gives the same version.',
    cure: ['Change the block, and a new version is planned.'],
  },
  'plan/checks-failed': {
    severity: 'error',
    since: '1.0',
    what: 'A check does not hold, and -strict was given.',
    why: 'A check warns; in CI a warning is easily passed over.',
    cure: ['Change what the check speaks of.', 'Or plan without -strict.'],
    see: ['config/check-failed'],
  },
  'plan/move-blocked': {
    severity: 'warning',
    since: '1.0',
    what: 'A moved block cannot be followed, for its new address is active already.',
    why: 'Two histories cannot become one.',
    cure: ['Remove the moved block if the old address is meant to go.', 'Or move to an address that is free.'],
  },
  'plan/import-without-block': {
    severity: 'error',
    since: '1.0',
    what: 'An import block names an address that the configuration does not have.',
    why: 'What is imported is owned from then on, and without a block the next plan would archive it.',
    cure: ['Write the block.', 'Or let flowrun write it: flowrun plan -generate-config-out imported.flow.hcl'],
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
