import { OperationError } from '../diagnostics/operation-error.ts'
import { isNetworkFailure, isWithoutCredentials, statusOf } from './failure.ts'

const NOTHING_CHANGED = 'Nothing was changed.'
/** KMS answers with status 400 where others say 401, 403 or 429, so that its names decide. */
const OVERLOADED = new Set(['ThrottlingException', 'LimitExceededException', 'RequestLimitExceeded', 'TooManyRequestsException'])
const NOT_LET_IN = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'ExpiredTokenException',
  'OptInRequired',
])

/**
 * What the SDK throws, as what a person can act on. The sentences of KMS are left out: that of a refusal names the account and
 * who asked. Errors of other kinds are returned as they are.
 */
export function keyFailure(error: unknown, keyId: string): unknown {
  if (!(error instanceof Error) || error instanceof OperationError) return error
  const status = statusOf(error)
  if (isWithoutCredentials(error)) return withoutCredentials(error, keyId)
  if (error.name === 'NotFoundException') return missingKey(error, keyId)
  if (NOT_LET_IN.has(error.name)) return denied(error, keyId)
  if (OVERLOADED.has(error.name) || (status !== undefined && status >= 500)) return unreachable(error, keyId, `KMS says ${error.name}`)
  if (isNetworkFailure(error)) return unreachable(error, keyId, error.message)
  // A page for people where JSON should be: a proxy, or a server of another kind.
  return status === undefined ? error : refused(keyId, error)
}

/** Of Decrypt: encrypted under another key, with another context, or damaged. KMS does not tell which. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && (error.name === 'IncorrectKeyException' || error.name === 'InvalidCiphertextException')
}

export function regionMissing(cause: unknown, keyId: string): OperationError {
  return new OperationError(
    {
      code: 'kms/no-region',
      summary: `The region of the key ${keyId} is not known`,
      detail: `Write region = "eu-central-1" beside kms_key_id, or set AWS_REGION. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function withoutCredentials(cause: Error, keyId: string): OperationError {
  return new OperationError(
    {
      code: 'kms/no-credentials',
      summary: `There are no credentials for the key ${keyId}`,
      detail:
        'They are looked for where AWS tools look: AWS_ACCESS_KEY_ID, a profile, the role of this machine. Set one of them, ' +
        `and run the command again. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function missingKey(cause: Error, keyId: string): OperationError {
  return new OperationError(
    {
      code: 'kms/no-key',
      summary: `KMS has no key ${keyId}`,
      detail: `Write the id, the ARN or the alias of a key of this account and region. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function denied(cause: Error, keyId: string): OperationError {
  return new OperationError(
    {
      code: 'kms/denied',
      summary: `KMS does not let this user use the key ${keyId}`,
      detail: `KMS says ${cause.name}. This user needs kms:GenerateDataKey and kms:Decrypt on the key. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}

function unreachable(cause: Error, keyId: string, what: string): OperationError {
  return new OperationError(
    {
      code: 'kms/unreachable',
      summary: `KMS cannot be asked for the key ${keyId}`,
      detail: `${what}, three times. Check the network, the region and the endpoint, then run the command again. ${NOTHING_CHANGED}`,
    },
    { cause, retryable: true },
  )
}

/** Also of an answer that has no data key in it: then there is no cause. */
export function refused(keyId: string, cause?: Error): OperationError {
  const what = cause?.name.endsWith('Exception') ? `KMS says ${cause.name}` : 'The answer is not one of KMS'
  return new OperationError(
    {
      code: 'kms/refused',
      summary: `The key ${keyId} cannot be used`,
      detail: `${what}. The key must be enabled, symmetric and for encryption, and the endpoint one of KMS. ${NOTHING_CHANGED}`,
    },
    { cause },
  )
}
