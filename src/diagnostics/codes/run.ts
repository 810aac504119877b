import type { CodePage } from './page.ts'

export const runCodes = {
  'run/unknown-flow': {
    severity: 'error',
    since: '1.0',
    what: 'Nothing that can be run has this address.',
    why: 'Without -e the working copy is run, with -e what is deployed: an address may exist in one and not in the other.',
    cure: ['Correct the address.', 'Or deploy it first: flowrun apply.'],
  },
  'run/unknown-version': {
    severity: 'error',
    since: '1.0',
    what: 'The registry has no version of this number.',
    why: 'Versions are numbered per address, and never used twice.',
    cure: ['See which there are: flowrun versions ADDRESS.'],
  },
  'run/invalid-input': {
    severity: 'error',
    since: '1.0',
    what: 'The input does not fit what the prompt declares.',
    why: 'Input is checked before anything is called, so that a mistake costs nothing.',
    cure: ['Correct the fields that the message names.', 'See what it takes:  flowrun show prompt.NAME'],
  },
  'run/expression-failed': {
    severity: 'error',
    since: '1.0',
    what: 'An expression that is evaluated when a flow runs has no value for this input.',
    why: 'A plan checks types; what depends on the values of one input shows only when it comes.',
    cure: ['Guard the expression: coalesce(…), try(…), or a condition.', 'Or say in the input’s type and validation what it needs.'],
    see: ['run/invalid-input'],
  },
  'run/bad-schema': {
    severity: 'error',
    since: '1.0',
    what: 'A JSON Schema of the block cannot be used to check values.',
    why: 'A schema given with `schema` is taken as it is; one that refers elsewhere, or has a pattern that does not run in linear time, cannot be applied.',
    cure: ['Correct the schema as the message says.', 'Or declare the type:  type = object({ … })'],
  },
  'run/unresolved': {
    severity: 'error',
    since: '1.0',
    what: 'The prompt refers to a block that is not among what is run.',
    why: 'A run takes all versions from one release, or from the working copy, and nothing from elsewhere.',
    cure: ['Apply again, so that the release has all blocks that the prompt needs.'],
  },
  'run/cancelled': {
    severity: 'error',
    since: '1.0',
    what: 'The run was cancelled before it ended.',
    why: 'Somebody asked for it, or the process was told to stop.',
    cure: ['Start it again when you wish.'],
  },
  'run/other-body': {
    severity: 'error',
    since: '1.0',
    what: 'An idempotency key was used before, with another flow or another input.',
    why: 'A key stands for one run: with the same input it finds that run, and with another it would hide that nothing new was made.',
    cure: ['Send what was sent before.', 'Or take a new key.'],
  },
  'run/store-full': {
    severity: 'error',
    since: '1.0',
    what: 'The disk is full, so the run could not be recorded.',
    why: 'A run that was accepted survives everything; one that cannot be recorded is not accepted.',
    cure: ['Make room, then submit it again.', 'Remove old runs:  flowrun runs purge --before TIME'],
    see: ['registry/full'],
  },
  'run/value-too-large': {
    severity: 'error',
    since: '1.0',
    what: 'A value of a run is larger than 8 MB: an input, what a step gave, what an expression made of it, or the list of a map.',
    why: 'Every value is kept with the run or made again from what is kept, and read again when it goes on after a crash.',
    cure: [
      'Let the step give less: a reference, a page, a summary.',
      'Let the output of a map’s body name what its item needs, and no more.',
    ],
  },
} as const satisfies Record<`run/${string}`, CodePage>
