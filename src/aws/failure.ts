const NETWORK_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE'])

/** No answer came at all: the SDK passes on what the sockets of Node say. */
export function isNetworkFailure(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (
    error.name === 'TimeoutError' || NETWORK_CODES.has(code) || /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)
  )
}

/** No call was made: the SDK found nobody in whose name it could. */
export function isWithoutCredentials(error: Error): boolean {
  return error.name === 'CredentialsProviderError' || error.name === 'TokenProviderError'
}

/** The status of the answer; undefined when none came. */
export function statusOf(error: Error): number | undefined {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return undefined
  const { $metadata } = error
  return 'httpStatusCode' in $metadata && typeof $metadata.httpStatusCode === 'number' ? $metadata.httpStatusCode : undefined
}
