import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { isJsonObject, type JsonObject } from './json.ts'

export const SEALED_FORMAT = 'flowrun.sealed/1'

const ALGORITHM = 'aes-256-gcm'
/** 96 bits, as NIST SP 800-38D section 8.2.2 has them for random nonces: safe for 2^32 texts under one key. */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** 256 bits, with what an envelope says of them. The bytes are in a KeyObject, which nothing prints. */
export interface SealingKey {
  readonly key: KeyObject
  readonly source: KeySource
}

/** How the key of an envelope is had again by whoever may. */
export type KeySource = PassphraseSource | ServiceSource

/** Derived by scrypt (RFC 7914) from a passphrase. `salt` is base64. */
export type PassphraseSource = {
  readonly provider: 'passphrase'
  readonly salt: string
  readonly n: number
  readonly r: number
  readonly p: number
}

/** A data key, kept beside the text under a key that never leaves its service. `data_key` is base64. */
export type ServiceSource = { readonly provider: 'kms'; readonly key_id: string; readonly data_key: string }

/** What a sealed text carries: all but the ciphertext can be read by anybody, and changed by nobody. */
export interface Envelope {
  readonly format: string
  readonly source: KeySource
  /** What its keeper needs to know without the key. */
  readonly label: JsonObject
  /** The canonical JSON of all members but nonce and ciphertext: it is authenticated. */
  readonly header: string
  readonly nonce: Buffer
  /** With the tag of 16 bytes at its end. */
  readonly ciphertext: Buffer
}

/**
 * Seals by AES-256-GCM into one line of JSON.
 *
 * @param label stays readable beside the ciphertext, and is authenticated.
 * @param bound is not stored: who opens must name the same. It keeps a text from being moved to another place.
 */
export function seal(plain: string | Uint8Array, { key, source }: SealingKey, label: JsonObject, bound: JsonObject): string {
  const nonce = randomBytes(NONCE_BYTES)
  const header = { ...label, format: SEALED_FORMAT, key: source }
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(associatedData(canonicalJson(header), bound))
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return canonicalJson({ ...header, nonce: nonce.toString('base64'), ciphertext: ciphertext.toString('base64') })
}

/** @returns undefined when the key is another, the place is another, or a byte was changed: nobody can tell which. */
export function open({ header, nonce, ciphertext }: Envelope, key: KeyObject, bound: JsonObject): Buffer | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associatedData(header, bound))
    .setAuthTag(ciphertext.subarray(-TAG_BYTES))
  const plain = decipher.update(ciphertext.subarray(0, -TAG_BYTES))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    return undefined
  }
}

export type ParsedEnvelope =
  | { readonly kind: 'sealed'; readonly envelope: Envelope }
  /** Sealed by a newer flowrun (VER-1). */
  | { readonly kind: 'newer'; readonly format: string }
  /** Sealed by its format, and not as that format has it. */
  | { readonly kind: 'malformed' }
  /** Anything else: it was never sealed. */
  | { readonly kind: 'plain' }

/** Reads the envelope of a stored text, without any key. */
export function parseEnvelope(text: string): ParsedEnvelope {
  return readEnvelope(parsedJson(text))
}

/** The same of a text that was parsed as JSON already. */
export function readEnvelope(stored: unknown): ParsedEnvelope {
  if (!isJsonObject(stored) || typeof stored.format !== 'string' || !stored.format.startsWith('flowrun.sealed/')) return { kind: 'plain' }
  const { nonce: storedNonce, ciphertext: storedText, ...readable } = stored
  const { format, key, ...label } = readable
  if (format !== SEALED_FORMAT) return { kind: 'newer', format: stored.format }
  const source = keySource(key)
  const header = canonicalForm(readable)
  const nonce = fromBase64(storedNonce)
  const ciphertext = fromBase64(storedText)
  if (!source || !header || nonce?.length !== NONCE_BYTES || !ciphertext || ciphertext.length < TAG_BYTES) return { kind: 'malformed' }
  return { kind: 'sealed', envelope: { format, source, label, header, nonce, ciphertext } }
}

function associatedData(header: string, bound: JsonObject): Buffer {
  return Buffer.from(`${header}\n${canonicalJson(bound)}`)
}

/** JSON can carry what has no canonical form: `1e999`, a lone surrogate. No text of ours does. */
function canonicalForm(value: JsonObject): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

function keySource(stored: unknown): KeySource | undefined {
  if (!isJsonObject(stored)) return undefined
  const { provider, salt, n, r, p, key_id, data_key } = stored
  if (provider === 'passphrase' && fromBase64(salt) && typeof salt === 'string') {
    return typeof n === 'number' && typeof r === 'number' && typeof p === 'number' ? { provider, salt, n, r, p } : undefined
  }
  const isService = provider === 'kms' && typeof key_id === 'string' && typeof data_key === 'string' && fromBase64(data_key)
  return isService ? { provider, key_id, data_key } : undefined
}

/** Node skips what is not base64 and bits that are left over; here one text has one meaning. */
function fromBase64(stored: unknown): Buffer | undefined {
  if (typeof stored !== 'string') return undefined
  const bytes = Buffer.from(stored, 'base64')
  return bytes.toString('base64') === stored ? bytes : undefined
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
