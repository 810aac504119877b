import { FunctionError } from '../function.ts'

/** Encodings with one byte a character that every Node decodes; the names are IANA's, in lower case. */
const SINGLE_BYTE = /^(iso-8859-([2-8]|10|1[3-6])|windows-(125[0-8]|874)|koi8-[ru]|macintosh|ibm866)$/
const ALIASES: Readonly<Record<string, string>> = { utf8: 'utf-8', latin1: 'iso-8859-1', ascii: 'us-ascii', 'utf-16': 'utf-16be' }

/** @throws FunctionError when the name is not known, or a character cannot be written. */
export function encodeText(text: string, encoding: string): Uint8Array {
  const name = nameOf(encoding, 1)
  switch (name) {
    case 'utf-8':
      return Buffer.from(text)
    case 'utf-16le':
      return Buffer.from(text, 'utf16le')
    case 'utf-16be': {
      // Plain UTF-16 starts with a mark that tells the order of its bytes.
      const marked = encoding.toLowerCase() === 'utf-16' ? `\ufeff${text}` : text
      return Buffer.from(marked, 'utf16le').swap16()
    }
    default: {
      const bytes = bytesByCharacter(name)
      return Uint8Array.from([...text], character => {
        const byte = bytes.get(character)
        if (byte === undefined) throw new FunctionError(`the text holds ${JSON.stringify(character)}, which ${encoding} cannot write`, 0)
        return byte
      })
    }
  }
}

/** @param argument the index of the encoding's name. The bytes are always the first argument. */
export function decodeText(bytes: Uint8Array, encoding: string, argument: number): string {
  const name = nameOf(encoding, argument)
  const refusal = new FunctionError(`the bytes are not text in ${encoding.toUpperCase()}`, 0)
  if (name.startsWith('utf-')) {
    const { decoded, ok } = decodeUnicode(bytes, name)
    if (!ok) throw refusal
    return encoding.toLowerCase() === 'utf-16' ? decoded.replace(/^\ufeff/, '') : decoded
  }
  const characters = new Map([...bytesByCharacter(name)].map(([character, byte]) => [byte, character]))
  return Array.from(bytes, byte => {
    const character = characters.get(byte)
    if (character === undefined) throw refusal
    return character
  }).join('')
}

function decodeUnicode(bytes: Uint8Array, name: string): { readonly decoded: string; readonly ok: boolean } {
  try {
    return { decoded: new TextDecoder(name, { fatal: true, ignoreBOM: true }).decode(bytes), ok: true }
  } catch {
    return { decoded: '', ok: false }
  }
}

function nameOf(encoding: string, argument: number): string {
  const lower = encoding.toLowerCase()
  const name = ALIASES[lower] ?? lower
  if (/^(utf-8|utf-16[lb]e|iso-8859-1|us-ascii)$/.test(name) || SINGLE_BYTE.test(name)) return name
  throw new FunctionError(
    `there is no encoding ${JSON.stringify(encoding)} here; known are UTF-8, UTF-16LE, UTF-16BE, US-ASCII, ISO-8859-n, windows-125n and KOI8-R`,
    argument,
  )
}

/** The web's decoders read ISO-8859-1 and ASCII as windows-1252, and give undefined bytes a control character: not so here. */
function bytesByCharacter(name: string): ReadonlyMap<string, number> {
  if (name === 'iso-8859-1' || name === 'us-ascii') {
    const length = name === 'us-ascii' ? 128 : 256
    return new Map(Array.from({ length }, (_, byte) => [String.fromCharCode(byte), byte]))
  }
  const decoder = new TextDecoder(name)
  const pairs = Array.from({ length: 256 }, (_, byte): [string, number] => [decoder.decode(Uint8Array.of(byte)), byte])
  const hasControls = name.startsWith('iso-8859')
  return new Map(pairs.filter(([character]) => character !== '\ufffd' && (hasControls || !/[\x80-\x9f]/.test(character))))
}
