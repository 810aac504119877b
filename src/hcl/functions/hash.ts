import { createHash } from 'node:crypto'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { STRING } from '../type.ts'
import { stringValue } from '../value.ts'
import { defineFunction, defineTextFunction, textAt, textParameter } from './definition.ts'

export const hashFunctions: readonly FunctionDefinition[] = [
  ofText('md5', 'MD5'),
  ofText('sha1', 'SHA-1'),
  ofText('sha256', 'SHA-256'),
  ofText('sha512', 'SHA-512'),
  defineFunction('uuidv5', {
    summary: 'The UUID of a name in a namespace: dns, url, oid, x500, or a UUID.',
    parameters: [textParameter('namespace'), textParameter('name')],
    returns: STRING,
    call: parameters => stringValue(uuidV5(textAt(parameters, 0), textAt(parameters, 1))),
  }),
]

function ofText(name: string, title: string): FunctionDefinition {
  return defineTextFunction(name, `The ${title} digest of a text's UTF-8 bytes, in hexadecimal.`, text =>
    createHash(name).update(text).digest('hex'),
  )
}

/** The namespaces of RFC 9562, section 6.6. */
const NAMESPACES: Readonly<Record<string, string>> = {
  dns: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  url: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  oid: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  x500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
}

function uuidV5(namespace: string, name: string): string {
  const uuid = Object.hasOwn(NAMESPACES, namespace) ? (NAMESPACES[namespace] ?? '') : namespace
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) {
    throw new FunctionError(`the namespace must be dns, url, oid, x500 or a UUID, and this is ${JSON.stringify(namespace)}`, 0)
  }
  const hash = createHash('sha1')
    .update(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
    .subarray(0, 16)
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
