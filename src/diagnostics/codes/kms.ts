import type { CodePage } from './page.ts'

/** Of a key of KMS, whether it encrypts states or contents. */
export const kmsCodes = {
  'kms/unreachable': {
    severity: 'error',
    since: '1.0',
    what: 'KMS did not answer, or answered that it cannot now.',
    why: 'Without the key nothing can be encrypted or decrypted, and nothing is ever written in the clear instead.',
    cure: ['Check the network, and the region or the endpoint that is written.', 'Run the command again.'],
    see: ['kms/denied', 'kms/no-key'],
  },
  'kms/denied': {
    severity: 'error',
    since: '1.0',
    what: 'KMS does not let whoever runs this command use the key.',
    why: 'What is encrypted under a key is written and read only by those whom its policy names.',
    cure: [
      'Allow kms:GenerateDataKey and kms:Decrypt on the key, in its policy or in that of the role.',
      'When KMS says ExpiredTokenException, sign in again; when it says InvalidSignatureException, the secret key is wrong.',
    ],
    see: ['kms/no-credentials', 'kms/refused'],
  },
  'kms/no-credentials': {
    severity: 'error',
    since: '1.0',
    what: 'No credentials for KMS were found.',
    why: 'Every request to KMS is signed.',
    cure: ['Sign in with the AWS tools, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.'],
    see: ['kms/denied'],
  },
  'kms/no-region': {
    severity: 'error',
    since: '1.0',
    what: 'It is not known in which region a key of KMS is.',
    why: 'The address and the signature of a request name the region.',
    cure: ['Write region = "eu-central-1" beside kms_key_id.', 'Or set AWS_REGION.'],
    see: ['kms/no-key'],
  },
  'kms/no-key': {
    severity: 'error',
    since: '1.0',
    what: 'KMS has no key of this id or alias in the account and region that were asked.',
    why: 'A text is written under the key that was meant, or not at all.',
    cure: ['Compare kms_key_id with the keys that there are:  aws kms list-aliases', 'Or correct region.'],
    see: ['kms/no-region', 'kms/denied'],
  },
  'kms/refused': {
    severity: 'error',
    since: '1.0',
    what: 'KMS knows the key, and refuses to use it for another reason than who asks.',
    why: 'A key that is disabled, waits for its deletion or is made for signatures encrypts nothing.',
    cure: [
      'Enable the key, or cancel its deletion, in KMS.',
      'Take a symmetric key for encryption and decryption.',
      'Check that the endpoint is one of KMS.',
    ],
    see: ['kms/denied'],
  },
} as const satisfies Record<`kms/${string}`, CodePage>
