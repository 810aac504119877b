import { createSecretKey, type KeyObject } from 'node:crypto'
import { compact } from '../base/compact.ts'
import type { SealingKey, ServiceSource } from '../base/sealing.ts'
import { isUnreadable, keyFailure, refused, regionMissing } from './key-failure.ts'

/** A service of one's own that speaks the protocol has no regions; a signature needs the name of one. */
const REGION_OF_ENDPOINTS = 'us-east-1'
const CONNECTION_TIMEOUT_MS = 5000
/** Of one request; a request that fails is tried three times, as the SDK does. */
const REQUEST_TIMEOUT_MS = 10_000
const KEY_BYTES = 32
/** How long a data key may be kept in memory (FAIL-6). */
export const KEPT_MS = 5 * 60_000

/** Where the keys are, and who asks. Without keys of access the SDK looks where AWS tools look. */
export interface KeyServiceAccess {
  readonly region?: string
  readonly endpoint?: string
  readonly profile?: string
  readonly keys?: { readonly access: string; readonly secret: string }
}

/** What KMS authenticates beside the data key, and writes into its log: no secrets. */
export type KeyContext = Readonly<Record<string, string>>

/** Data keys under a key that never leaves KMS. Failures are OperationErrors `kms/…`, which name the key. */
export interface KeyService {
  /**
   * A new data key of 256 bits.
   *
   * @param keyId an id, an ARN or `alias/NAME`.
   */
  generateDataKey(keyId: string, context: KeyContext): Promise<SealingKey>
  /**
   * The data key of an envelope.
   *
   * @param keyId the only key that may have encrypted it.
   * @returns undefined when another key did, the context is another, or it was altered.
   */
  decrypt(keyId: string, source: ServiceSource, context: KeyContext): Promise<KeyObject | undefined>
  close(): void
}

/** Loads the client of KMS (100 ms), so it is called when a key is used and not before. */
export async function createKeyService({ region: written, endpoint, profile, keys }: KeyServiceAccess): Promise<KeyService> {
  const { DecryptCommand, GenerateDataKeyCommand, KMSClient } = await import('@aws-sdk/client-kms')
  const region = written ?? (endpoint === undefined ? undefined : REGION_OF_ENDPOINTS)
  const client = new KMSClient({
    ...compact({ region, endpoint, profile }),
    ...(keys && { credentials: { accessKeyId: keys.access, secretAccessKey: keys.secret } }),
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, throwOnRequestTimeout: true },
  })
  const kept = createKeptKeys()

  async function asked<T>(keyId: string, send: () => Promise<T>): Promise<T> {
    await client.config.region().catch(cause => Promise.reject(regionMissing(cause, keyId)))
    return send().catch(error => Promise.reject(keyFailure(error, keyId)))
  }
  return {
    async generateDataKey(keyId, context) {
      const command = new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: { ...context } })
      const { KeyId, CiphertextBlob, Plaintext } = await asked(keyId, () => client.send(command))
      if (!KeyId || !CiphertextBlob) throw refused(keyId)
      const source: ServiceSource = { provider: 'kms', key_id: KeyId, data_key: Buffer.from(CiphertextBlob).toString('base64') }
      const key = takeKey(Plaintext, keyId)
      // Whoever writes a text often reads it next.
      kept.keep(nameOf(keyId, source, context), Promise.resolve(key))
      return { key, source }
    },
    decrypt(keyId, source, context) {
      const name = nameOf(keyId, source, context)
      const decrypted = async () => {
        const CiphertextBlob = Buffer.from(source.data_key, 'base64')
        const command = new DecryptCommand({ KeyId: keyId, CiphertextBlob, EncryptionContext: { ...context } })
        const answer = await asked(keyId, () => client.send(command).catch(unreadable))
        return answer && takeKey(answer.Plaintext, keyId)
      }
      return kept.get(name) ?? kept.keep(name, decrypted())
    },
    close() {
      kept.clear()
      client.destroy()
    },
  }
}

/** Not known to the service as a data key of this key and context: an answer, not a failure. */
function unreadable(error: unknown): undefined {
  if (!isUnreadable(error)) throw error
}

function createKeptKeys() {
  const keys = new Map<string, Promise<KeyObject | undefined>>()
  return {
    get: (name: string) => keys.get(name),
    keep(name: string, key: Promise<KeyObject | undefined>) {
      const forget = () => keys.delete(name)
      keys.set(name, key)
      key.catch(forget)
      // By a timer and not at the next use: a server that is asked nothing more forgets them too.
      setTimeout(forget, KEPT_MS).unref()
      return key
    },
    clear: () => keys.clear(),
  }
}

function nameOf(keyId: string, { data_key }: ServiceSource, context: KeyContext): string {
  return JSON.stringify([keyId, data_key, Object.entries(context).sort()])
}

/** Into an object that nothing prints; the bytes that it came in are wiped. */
function takeKey(plaintext: Uint8Array | undefined, keyId: string): KeyObject {
  if (plaintext?.length !== KEY_BYTES) throw refused(keyId)
  const key = createSecretKey(plaintext)
  plaintext.fill(0)
  return key
}
