import type { JsonValue } from '../../base/json.ts'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { fromJson } from '../json-value.ts'
import { isRoundedInteger } from '../number-text.ts'
import { ANY, STRING } from '../type.ts'
import type { Value } from '../value.ts'
import { defineFunction, defineTextFunction, textAt, textParameter, textResult, valueAt } from './definition.ts'
import { jsonText } from './json-text.ts'
import { decodeText, encodeText } from './text-encoding.ts'

export const encodingFunctions: readonly FunctionDefinition[] = [
  defineTextFunction('base64encode', 'The UTF-8 bytes of a text in Base64.', text => Buffer.from(text).toString('base64')),
  defineTextFunction('base64decode', 'The text whose UTF-8 bytes are given in Base64.', text =>
    decodeText(base64Bytes(text, 0), 'utf-8', 0),
  ),
  defineTextFunction('base64gzip', 'The UTF-8 bytes of a text, compressed with gzip, in Base64.', text =>
    gzip(Buffer.from(text)).toString('base64'),
  ),
  defineFunction('textencodebase64', {
    summary: 'The bytes of a text in an encoding such as UTF-16LE, in Base64.',
    parameters: [textParameter('text'), textParameter('encoding')],
    returns: STRING,
    call: parameters => textResult(Buffer.from(encodeText(textAt(parameters, 0), textAt(parameters, 1))).toString('base64')),
  }),
  defineFunction('textdecodebase64', {
    summary: 'The text whose bytes in an encoding such as UTF-16LE are given in Base64.',
    parameters: [textParameter('base64'), textParameter('encoding')],
    returns: STRING,
    call: parameters => textResult(decodeText(base64Bytes(textAt(parameters, 0), 0), textAt(parameters, 1), 1)),
  }),
  defineTextFunction('urlencode', 'The text as it may stand in the query of a URL; a blank is a plus.', urlEncode),
  defineFunction('jsonencode', {
    summary: 'The value as JSON text.',
    parameters: [{ name: 'value', type: ANY, nullable: true }],
    returns: STRING,
    call: parameters => textResult(jsonText(valueAt(parameters, 0))),
  }),
  defineFunction('jsondecode', {
    summary: 'The value that a JSON text holds.',
    parameters: [textParameter('json')],
    returns: ANY,
    call: parameters => parseJson(textAt(parameters, 0)),
  }),
]

/** Base64 with its padding, as Go reads it: line ends do not count, nothing else is let through. */
function base64Bytes(text: string, argument: number): Uint8Array {
  const symbols = text.replace(/[\r\n]/g, '')
  if (symbols.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(symbols)) {
    throw new FunctionError('the text is not Base64: groups of four from A-Z, a-z, 0-9, + and /, filled up with =, are expected', argument)
  }
  return Buffer.from(symbols, 'base64')
}

const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])
/** An empty last block. */
const DEFLATE_END = Buffer.from([1, 0, 0, 0xff, 0xff])

/** gzip as Terraform writes it: flushed before its end, without a time, of an unknown system; equal bytes for short texts. */
function gzip(bytes: Buffer): Buffer {
  // Loading zlib takes 4 ms, which every start would pay.
  const { constants, crc32, deflateRawSync } = process.getBuiltinModule('node:zlib')
  const flushed = bytes.length === 0 ? Buffer.from([0, 0, 0, 0xff, 0xff]) : deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(bytes), 0)
  trailer.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([GZIP_HEADER, flushed, DEFLATE_END, trailer])
}

function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}

function parseJson(text: string): Value {
  if (text.trim() === '') throw new FunctionError('the text is empty, and JSON is expected', 0)
  try {
    const json: JsonValue = /\d{16}/.test(text) ? JSON.parse(text, refuseRounded) : JSON.parse(text)
    return fromJson(json)
  } catch (error) {
    if (error instanceof SyntaxError) throw new FunctionError(`the text is not JSON${placeOf(error, text)}`, 0)
    if (error instanceof RangeError)
      throw new FunctionError(STACK_OVERFLOW.test(error.message) ? 'the JSON is nested too deep' : error.message, 0)
    throw error
  }
}

/** V8 walks what it has parsed by recursion. */
const STACK_OVERFLOW = /call stack/

/** JSON.parse would round 9007199254740993 to …992 without a word (NUM-2). */
function refuseRounded(_key: string, value: JsonValue, context?: { readonly source?: string }): JsonValue {
  if (typeof value === 'number' && context?.source !== undefined && isRoundedInteger(context.source, value)) {
    throw new FunctionError(`the JSON holds ${context.source}, which cannot be kept exactly; write it as a string`, 0)
  }
  return value
}

/** V8 names the position of most errors; the others are at the end. */
function placeOf(error: SyntaxError, text: string): string {
  const position = /at position (\d+)/.exec(error.message)?.[1]
  if (position === undefined || Number(position) >= text.length)
    return error.message.includes('Unexpected token') ? '' : ': it ends too early'
  const before = text.slice(0, Number(position)).split('\n')
  return `: line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1} is not expected`
}
