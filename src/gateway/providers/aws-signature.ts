import type { ProviderSpec } from '../../artifact/provider.ts'
import type { Redactor } from '../redactor.ts'
import { MissingSecret } from '../secrets.ts'
import type { RequestSigner } from './definition.ts'

/** What Amazon Bedrock is called in a signature, at its runtime and where it lists models alike. */
const SERVICE = 'bedrock'

/**
 * Signs requests with the credentials that AWS tools would take: variables, a profile, the role of this machine (Signature
 * Version 4). The SDK keeps them, and gets new ones before they expire. It is loaded with the first request (100 ms).
 *
 * @param keyName the secret that would have been taken instead.
 */
export function awsSigner({ region = '' }: ProviderSpec, redactor: Redactor, keyName: string): RequestSigner {
  let client: Promise<import('@aws-sdk/client-bedrock-runtime').BedrockRuntimeClient> | undefined
  return async ({ url, method, headers, body }) => {
    client ??= import('@aws-sdk/client-bedrock-runtime').then(sdk => new sdk.BedrockRuntimeClient({ region }))
    const { config } = await client
    const credentials = await config.credentials().catch((error: unknown) => {
      throw error instanceof Error && error.name === 'CredentialsProviderError' ? missing(keyName) : error
    })
    redactor.learn('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
    redactor.learn('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
    if (credentials.sessionToken !== undefined) redactor.learn('AWS_SESSION_TOKEN', credentials.sessionToken)
    const signer = await config.signer({ name: 'sigv4', signingName: SERVICE, signingRegion: region, properties: {} })
    const { protocol, host, hostname, port, pathname, searchParams } = new URL(url)
    const signed = await signer.sign({
      method,
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: { ...headers, host },
      body,
    })
    return signed.headers
  }
}

function missing(keyName: string): MissingSecret {
  return new MissingSecret(keyName, ['the environment', 'the credentials of AWS (variables, profiles, the role of this machine)'], keyName)
}
