import type { SecretText } from '../../artifact/deferred.ts'
import type { ProviderSpec } from '../../artifact/provider.ts'
import type { ProviderTarget } from '../call.ts'
import { MissingSecret, resolveSecretText, type SecretResolver } from '../secrets.ts'

/** The headers of a call, key included, and where the key came from for messages. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly key?: { readonly name: string; readonly foundIn: string }
}

/** How a vendor is given a key. */
export interface KeyRule {
  /** The secret that is taken when the provider names none. */
  readonly defaultKey?: string
  /** There is another way to prove who calls when that secret is not set. */
  readonly keyIsOptional?: boolean
  /** Lower-case header that carries the key, and what stands before it. */
  readonly keyHeader: { readonly name: string; readonly prefix: string }
  /** Headers that the vendor knows beyond the key. */
  headers?(target: ProviderTarget): Readonly<Record<string, string>>
}

/** The key that a call takes; undefined when a header of the author's own replaces it, and where none is usual. */
export function keyTextOf({ defaultKey, keyHeader }: KeyRule, { api_key, headers }: ProviderSpec): SecretText | undefined {
  const ownKey = Object.keys(headers).some(name => ['authorization', keyHeader.name].includes(name.toLowerCase()))
  return api_key ?? (defaultKey === undefined || ownKey ? undefined : { $secret: defaultKey })
}

/**
 * Resolves the secrets of a provider for one call. Names of headers are in lower case, as the SDK writes its own, so
 * that ours replace them.
 *
 * @throws MissingSecret
 */
export async function credentialsOf(rule: KeyRule, target: ProviderTarget, secrets: SecretResolver): Promise<Credentials> {
  const { spec } = target
  const headers: Record<string, string | undefined> = { [rule.keyHeader.name]: undefined, ...rule.headers?.(target) }
  for (const [name, text] of Object.entries(spec.headers)) headers[name.toLowerCase()] = await resolveSecretText(text, secrets)

  const keyText = keyTextOf(rule, spec)
  const key = keyText && (await resolveKey(rule, spec, keyText, secrets))
  if (keyText === undefined || key === undefined) {
    const own = Object.values(spec.headers).find(text => typeof text !== 'string')
    const found = own && (await resolveText(own, secrets)).found
    return { headers, ...(found && { key: found }) }
  }
  headers[rule.keyHeader.name] = rule.keyHeader.prefix + key.value
  return { headers, ...(key.found && { key: key.found }) }
}

/** Undefined: the vendor's usual secret is not set, and need not be. */
async function resolveKey(rule: KeyRule, spec: ProviderSpec, keyText: SecretText, secrets: SecretResolver): Promise<Resolved | undefined> {
  try {
    return await resolveText(keyText, secrets)
  } catch (error) {
    if (rule.keyIsOptional && spec.api_key === undefined && error instanceof MissingSecret) return undefined
    throw error
  }
}

/** A text as it is sent, and the first secret that is in it. */
interface Resolved {
  readonly value: string
  readonly found?: Credentials['key']
}

async function resolveText(text: string | SecretText, secrets: SecretResolver): Promise<Resolved> {
  if (typeof text === 'string') return { value: text }
  const first = '$secret' in text ? text : text.$join.find(part => typeof part !== 'string')
  if (first === undefined || typeof first === 'string') return { value: await resolveSecretText(text, secrets) }
  const { value, foundIn } = await secrets.resolve(first.$secret)
  const found = { name: first.$secret, foundIn }
  // Nearly every key is one secret, which is looked up once.
  return { value: first === text ? value : await resolveSecretText(text, secrets), found }
}
