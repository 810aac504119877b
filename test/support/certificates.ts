import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A certificate with its private key, as PEM texts. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

interface Issuer {
  readonly name: string
  readonly key: KeyObject
}

/** An authority of a test's own, and how it signs: for servers at 127.0.0.1 and localhost, and for clients. */
export function createAuthority(name: string): { readonly cert: string; issue(name: string): Certificate } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer: Issuer = { name, key: privateKey }
  return {
    cert: certificate(issuer, name, publicKey, [extension(BASIC_CONSTRAINTS, sequence(Buffer.from([0x01, 0x01, 0xff])), true)]),
    issue(subject) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = sequence(element(0x87, Buffer.from([127, 0, 0, 1])), element(0x82, Buffer.from('localhost')))
      return {
        cert: certificate(issuer, subject, pair.publicKey, [extension(ALTERNATIVE_NAMES, names, false)]),
        key: String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      }
    },
  }
}

const COMMON_NAME = [0x55, 0x04, 0x03]
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13]
const ALTERNATIVE_NAMES = [0x55, 0x1d, 0x11]
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]

/** RFC 5280, version 3, in DER. */
function certificate(issuer: Issuer, subject: string, key: KeyObject, extensions: readonly Buffer[]): string {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256))
  const toSign = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    algorithm,
    nameOf(issuer.name),
    sequence(element(0x18, Buffer.from('20200101000000Z')), element(0x18, Buffer.from('21200101000000Z'))),
    nameOf(subject),
    key.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions)),
  )
  const signature = element(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', toSign, issuer.key)]))
  const base64 = sequence(toSign, algorithm, signature).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

function nameOf(commonName: string): Buffer {
  return sequence(element(0x31, sequence(oid(COMMON_NAME), element(0x0c, Buffer.from(commonName)))))
}

function extension(id: readonly number[], value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [Buffer.from([0x01, 0x01, 0xff])] : []
  return sequence(oid(id), ...critical, element(0x04, value))
}

function oid(bytes: readonly number[]): Buffer {
  return element(0x06, Buffer.from(bytes))
}

function sequence(...items: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(items))
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
