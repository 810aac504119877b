import type { CodePage } from './page.ts'

export const contentCodes = {
  'content/altered': {
    severity: 'error',
    since: '1.0',
    what: 'A published text was read from its store, and it does not have the digest that it was published under.',
    why: 'Every content is digested before it is used, so that a damaged or edited store can never change what a model is sent.',
    cure: [
      'Restore the store, usually .flowrun/state.db, from a backup.',
      'Or put the text back from a working copy that has it: flowrun content repair.',
    ],
    see: ['content/missing', 'registry/corrupt'],
  },
  'content/missing': {
    severity: 'error',
    since: '1.0',
    what: 'A version is known, but the store has no content under its digest.',
    why: 'An absent text is never taken for an empty one: a model would answer without its instructions.',
    cure: ['Restore the store from a backup.', 'Or put the text back from a working copy that has it: flowrun content repair.'],
    see: ['content/altered'],
  },
  'content/cannot-decrypt': {
    severity: 'error',
    since: '1.0',
    what: 'A published text is encrypted in its store, and the key that it names does not open it.',
    why: 'An encrypted text is bound to its digest and its key: one that was changed, or put in the place of another, opens with none.',
    cure: [
      'Restore the object from a backup, or an earlier version of it where the bucket keeps versions.',
      'Or put the text back from a working copy that has it: flowrun content repair.',
    ],
    see: ['content/altered', 'kms/denied'],
  },
  'content/elsewhere': {
    severity: 'error',
    since: '1.0',
    what: 'A published text is in another store than the one that the environment names.',
    why: 'The registry remembers where each content was put. Without the settings of that store nobody can ask it.',
    cure: [
      'Give the environment the content block with which the text was published.',
      'Or look at it in an environment that has one: -e ENVIRONMENT.',
    ],
    see: ['content/missing'],
  },
  'content/newer-format': {
    severity: 'error',
    since: '1.0',
    what: 'A published artifact has a format that this flowrun does not know.',
    why: 'Reading it as the format that is known could leave out an argument that matters.',
    cure: ['Upgrade flowrun to at least the version that published it.'],
    see: ['registry/newer-format', 'state/newer-format'],
  },
  'config/contents-readable': {
    severity: 'warning',
    since: '1.0',
    what: 'Contents go to a bucket, and no key of KMS is named to encrypt them with.',
    example: 'environment "prod" {\n  «content "s3"» {\n    bucket = "acme-prompts"\n    region = "eu-central-1"\n  }\n}\n',
    why: 'Every bucket of S3 encrypts its objects, and decrypts them for whoever may read it. That may be more people than are to read prompts.',
    cure: ['Name a key: kms_key_id = "alias/flowrun".', 'Or leave it, where all who read the bucket may read the prompts.'],
    see: ['content/cannot-decrypt', 'docs/contents.md'],
  },
} as const satisfies Record<`content/${string}` | 'config/contents-readable', CodePage>
