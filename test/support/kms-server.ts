import { createCipheriv, createDecipheriv, createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** KMS as its official client knows it, in memory: symmetric keys, data keys, contexts, and the refusals that flowrun must tell. */
export interface KmsServer {
  readonly url: string
  readonly requests: readonly KmsRequest[]
  /** A new symmetric key. @returns its ARN. */
  createKey(alias: string): string
  /** The key stays, and is of no use any more. */
  disable(alias: string): void
  /** Each of the next calls gets the error of this name: what a transcript says. */
  script(...faults: readonly { readonly error: string }[]): void
  /** The next calls get this error, as KMS names it. */
  failNext(name: string, times?: number): void
  /** The next call gets this, with status 200. */
  answerNext(contentType: string, body: string): void
  close(): Promise<void>
}

export interface KmsRequest {
  readonly operation: string
  readonly body: KmsBody
}

interface KmsBody {
  readonly KeyId?: string
  readonly KeySpec?: string
  readonly CiphertextBlob?: string
  readonly EncryptionContext?: Readonly<Record<string, string>>
}

interface Key {
  readonly id: string
  readonly alias: string
  readonly arn: string
  readonly secret: Buffer
  enabled: boolean
}

/** The name of an error, or all of an answer. */
type Fault = string | { readonly contentType: string; readonly body: string }

const ACCOUNT = 'arn:aws:kms:eu-central-1:111122223333'

class Refusal extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export async function startKmsServer(): Promise<KmsServer> {
  const requests: KmsRequest[] = []
  const keys: Key[] = []
  const faults: Fault[] = []
  const server = createServer((incoming, response) => void respond(incoming, response, { keys, faults, requests }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    createKey(alias) {
      const id = idOf(alias)
      const arn = `${ACCOUNT}:key/${id}`
      keys.push({ id, alias, arn, secret: randomBytes(32), enabled: true })
      return arn
    },
    disable(alias) {
      findKey(keys, alias).enabled = false
    },
    script: (...next) => void faults.push(...next.map(({ error }) => error)),
    failNext: (name, times = 1) => void faults.push(...Array<string>(times).fill(name)),
    answerNext: (contentType, body) => void faults.push({ contentType, body }),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The same for the same alias in every run, for what a transcript shows. */
function idOf(alias: string): string {
  const digits = createHash('sha256').update(alias).digest('hex')
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-')
}

/** A server with the keys that transcripts name. */
export async function startKmsServerWithKeys(): Promise<KmsServer> {
  const server = await startKmsServer()
  for (const alias of ['alias/flowrun', 'alias/flowrun-state', 'alias/flowrun-state-2']) server.createKey(alias)
  return server
}

interface Service {
  readonly keys: readonly Key[]
  readonly faults: Fault[]
  readonly requests: KmsRequest[]
}

async function respond(incoming: IncomingMessage, response: ServerResponse, service: Service): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const answer = (status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() }).end(JSON.stringify(body))
  try {
    const fault = service.faults.shift()
    if (typeof fault === 'object') return void response.writeHead(200, { 'content-type': fault.contentType }).end(fault.body)
    if (fault) throw new Refusal(fault, `User: arn:aws:iam::111122223333:user/mia is refused by ${fault}`)
    answer(200, operate(incoming, JSON.parse(Buffer.concat(chunks).toString()), service))
  } catch (error) {
    if (!(error instanceof Refusal)) return void response.destroy()
    answer(/Internal|Unavailable/.test(error.name) ? 500 : 400, { __type: error.name, message: error.message })
  }
}

function operate({ headers }: IncomingMessage, body: KmsBody, { keys, requests }: Service): object {
  const [, operation = ''] = /^TrentService\.(\w+)$/.exec(String(headers['x-amz-target'])) ?? []
  requests.push({ operation, body })
  if (!/^AWS4-HMAC-SHA256 Credential=\w+\/\d{8}\/[a-z0-9-]+\/kms\/aws4_request/.test(headers.authorization ?? '')) {
    throw new Refusal('MissingAuthenticationToken', 'the request is not signed')
  }
  if (operation === 'GenerateDataKey') return generateDataKey(body, keys)
  if (operation === 'Decrypt') return decrypt(body, keys)
  throw new Refusal('UnknownOperationException', operation)
}

function generateDataKey({ KeyId = '', KeySpec, EncryptionContext = {} }: KmsBody, keys: readonly Key[]): object {
  if (KeySpec !== 'AES_256') throw new Refusal('ValidationException', `KeySpec ${KeySpec}`)
  const key = usable(findKey(keys, KeyId))
  const plain = randomBytes(32)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce).setAAD(contextBytes(EncryptionContext))
  const sealed = Buffer.concat([Buffer.from(key.id), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return { KeyId: key.arn, CiphertextBlob: sealed.toString('base64'), Plaintext: plain.toString('base64') }
}

function decrypt({ KeyId, CiphertextBlob = '', EncryptionContext = {} }: KmsBody, keys: readonly Key[]): object {
  const sealed = Buffer.from(CiphertextBlob, 'base64')
  const key = keys.find(candidate => candidate.id === sealed.subarray(0, 36).toString())
  if (!key) throw new Refusal('InvalidCiphertextException', '')
  if (KeyId !== undefined && findKey(keys, KeyId) !== key)
    throw new Refusal('IncorrectKeyException', 'The key ID in the request does not identify it')
  usable(key)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret, sealed.subarray(36, 48), { authTagLength: 16 })
      .setAAD(contextBytes(EncryptionContext))
      .setAuthTag(sealed.subarray(-16))
    const plain = Buffer.concat([decipher.update(sealed.subarray(48, -16)), decipher.final()])
    return { KeyId: key.arn, Plaintext: plain.toString('base64'), EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }
  } catch {
    throw new Refusal('InvalidCiphertextException', '')
  }
}

function findKey(keys: readonly Key[], name: string): Key {
  const found = keys.find(({ id, alias, arn }) => name === id || name === alias || name === arn || name === `${ACCOUNT}:${alias}`)
  if (!found) throw new Refusal('NotFoundException', `Alias ${ACCOUNT}:${name} is not found.`)
  return found
}

function usable(key: Key): Key {
  if (!key.enabled) throw new Refusal('DisabledException', `${key.arn} is disabled.`)
  return key
}

function contextBytes(context: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort()))
}
