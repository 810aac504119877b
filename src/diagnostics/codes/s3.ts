import type { CodePage } from './page.ts'

/** Of a bucket, whether it keeps states or contents. */
export const s3Codes = {
  's3/unreachable': {
    severity: 'error',
    since: '1.0',
    what: 'A bucket did not answer, or its server failed.',
    why: 'What cannot be stored is not released, and what cannot be read is never taken for empty.',
    cure: [
      'Check the network, and the endpoint if one is written.',
      'Run the command again: what was uploaded before is not uploaded twice.',
    ],
    see: ['s3/denied', 's3/no-bucket'],
  },
  's3/denied': {
    severity: 'error',
    since: '1.0',
    what: 'S3 knows who asks, or does not, and refuses the request.',
    why: 'A bucket belongs to its account, whose policies decide.',
    cure: [
      'Allow s3:GetObject, s3:PutObject and s3:DeleteObject on the objects, and s3:ListBucket on the bucket.',
      'With kms_key_id: allow kms:GenerateDataKey and kms:Decrypt on that key.',
      'When S3 says ExpiredToken, sign in again; when it says SignatureDoesNotMatch, the secret key is wrong.',
    ],
    see: ['s3/no-credentials'],
  },
  's3/no-credentials': {
    severity: 'error',
    since: '1.0',
    what: 'No credentials for a bucket were found.',
    why: 'Every request to S3 is signed.',
    cure: [
      'Sign in with the AWS tools, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
      'Or name a profile: profile = "acme".',
      'Or take them from secrets: access_key = secret("S3_ACCESS_KEY"), secret_key = secret("S3_SECRET_KEY").',
    ],
    see: ['s3/denied', 'secret/missing'],
  },
  's3/no-bucket': {
    severity: 'error',
    since: '1.0',
    what: 'There is no bucket of this name at the endpoint.',
    why: 'flowrun creates objects, and never buckets: who owns one decides where it is and who reads it.',
    cure: ['Create the bucket.', 'Or correct bucket, region or endpoint.', 'A server of your own may need force_path_style = true.'],
    see: ['s3/unreachable'],
  },
  's3/no-region': {
    severity: 'error',
    since: '1.0',
    what: 'It is not known in which region a bucket is.',
    why: 'The address and the signature of a request name the region.',
    cure: ['Write region = "eu-central-1" beside bucket.', 'Or set AWS_REGION.'],
    see: ['s3/no-bucket'],
  },
  's3/refused': {
    severity: 'error',
    since: '1.0',
    what: 'S3 refused a request for another reason than who asks.',
    why: 'The request was right for one setting and wrong for another: the region, the endpoint or the key of KMS.',
    cure: ['Check region, endpoint and kms_key_id.', 'The name that S3 gives is explained in its list of error responses.'],
    see: ['s3/unreachable', 's3/denied'],
  },
  's3/no-conditions': {
    severity: 'error',
    since: '1.0',
    what: 'A server of the S3 protocol writes objects without looking at the conditions If-Match and If-None-Match.',
    why: 'Two commands that write a state at once are kept apart by these conditions alone. Without them one would lose what the other wrote.',
    cure: [
      'Keep the state on Amazon S3, or on a server that knows conditional writes.',
      'Or in another backend: state "postgres", state "http".',
    ],
    see: ['state/conflict'],
  },
} as const satisfies Record<`s3/${string}`, CodePage>
