import { OperationError } from '../diagnostics/operation-error.ts'
import { isNetworkFailure, isWithoutCredentials, statusOf } from './failure.ts'

/** What was being done. */
export interface BucketWork {
  /** `s3://acme-prompts`. */
  readonly bucket: string
  readonly verb: 'reading' | 'writing' | 'deleting' | 'listing'
  readonly key: string
}

const NOTHING_CHANGED = 'Nothing was changed.'

/** A server answered that is none of S3. */
export class ForeignAnswer extends Error {}

/**
 * What the SDK throws, as what a person can act on. S3's own sentences are left out: that of a refusal names the account and
 * who asked. Errors of other kinds are returned as they are.
 */
export function bucketFailure(error: unknown, work: BucketWork): unknown {
  if (!(error instanceof Error)) return error
  const status = statusOf(error)
  if (isWithoutCredentials(error)) return withoutCredentials(error, work)
  if (error.name === 'NoSuchBucket' || (status === 404 && work.verb === 'listing')) return missingBucket(error, work)
  if (status === 401 || status === 403) return denied(error, work)
  if (status === 429 || (status !== undefined && status >= 500 && status !== 501)) return unreachable(error, work, spoken(error, status))
  if (status !== undefined && status >= 300) return refused(error, work, spoken(error, status))
  if (isNetworkFailure(error)) return unreachable(error, work, error.message)
  // An answer that should be XML and is not has a status as well.
  if (error instanceof ForeignAnswer || status !== undefined) return refused(error, work, 'The answer is not one of S3')
  return error
}

/** 412: the condition does not hold. 409: another write was under way. 404: what was to be replaced is gone. */
export function isConditionFailure(error: unknown): boolean {
  if (!(error instanceof Error) || error.name === 'NoSuchBucket') return false
  const status = statusOf(error)
  return status === 412 || status === 409 || status === 404
}

export function isMissingObject(error: unknown): boolean {
  return error instanceof Error && error.name !== 'NoSuchBucket' && statusOf(error) === 404
}

/** A server that does not know a condition may say so. */
export function isNotImplemented(error: unknown): boolean {
  return error instanceof OperationError && error.cause instanceof Error && statusOf(error.cause) === 501
}

export function regionMissing(cause: unknown): OperationError {
  return new OperationError(
    {
      code: 's3/no-region',
      summary: 'The region of a bucket is not known',
      detail: `Write region = "eu-central-1" beside bucket, or set AWS_REGION. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function unreachable(cause: Error, { bucket, verb, key }: BucketWork, what: string): OperationError {
  return new OperationError(
    {
      code: 's3/unreachable',
      summary: `${bucket} cannot be reached`,
      detail: `${what}, while ${verb} ${key}. Check the network and the endpoint, then run the command again. ${NOTHING_CHANGED}`,
    },
    { cause, retryable: true },
  )
}

function denied(cause: Error, { bucket, verb, key }: BucketWork): OperationError {
  return new OperationError(
    {
      code: 's3/denied',
      summary: `${bucket} does not let this user in`,
      detail:
        `S3 says ${cause.name}, while ${verb} ${key}. This user needs s3:GetObject, s3:PutObject and s3:DeleteObject on its objects and ` +
        `s3:ListBucket on the bucket; with a key of KMS, kms:GenerateDataKey and kms:Decrypt as well. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function withoutCredentials(cause: Error, { bucket }: BucketWork): OperationError {
  return new OperationError(
    {
      code: 's3/no-credentials',
      summary: `There are no credentials for ${bucket}`,
      detail:
        'They are looked for where AWS tools look: AWS_ACCESS_KEY_ID, a profile, the role of this machine. Set one of them, ' +
        `or write access_key = secret("…") and secret_key = secret("…") beside bucket. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function missingBucket(cause: Error, { bucket }: BucketWork): OperationError {
  return new OperationError(
    {
      code: 's3/no-bucket',
      summary: `There is no bucket ${bucket}`,
      detail: `Create it, or correct its name. A server of your own may need force_path_style = true. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function refused(cause: Error, { bucket, verb, key }: BucketWork, what: string): OperationError {
  return new OperationError(
    {
      code: 's3/refused',
      summary: `${bucket} refused a request`,
      detail: `${what}, while ${verb} ${key}. Check region, endpoint and kms_key_id. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

/** The server's name of what is wrong, where it gave one. */
function spoken(error: Error, status: number): string {
  return /^(Error|UnknownError|Unknown|\d+)$/.test(error.name)
    ? `It answers with status ${status}`
    : `S3 says ${error.name} (status ${status})`
}
