import type { Finding } from '../finding.ts'

/** Shannon's entropy of a text by its own characters. */
export function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** Of small letters, capital letters, digits and other signs: how many there are. */
export function kindsOfCharacters(text: string): number {
  return [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter(kind => kind.test(text)).length
}

const LENGTH_MIN = 24
/** Longer runs are data, as those of a picture are. */
const LENGTH_MAX = 512
const RUN = /(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,512}={0,2}(?![A-Za-z0-9+/=_-])/g
const BASE16 = /^(?:0x)?[a-f0-9]+$/i

/** Shortly before it: what comes is secret, or is no secret whatever it looks like. */
const ANNOUNCED =
  /(?<![\p{L}])(?:key|secret|token|password|passphrase|credential|schlüssel|geheim|clé|clave|chiave|seed)(?![\p{L}])[^\n]{0,24}$/iu
const DIGEST = /(?:sha-?\d{1,3}[-:= ]|md5|commit|digest|integrity|checksum|hash|etag|base64,|trace-?id)[^\n]{0,16}$/i
const CONTEXT_CHARACTERS = 48

/** Bits a character above which letters and digits of this length are not written by people. */
const BITS_OF_MIXED = 4.0
const BITS_OF_BASE16 = 3.3

/** Long runs that look random. They are a guess: 0.55 where nothing else speaks for it, more where it is announced. */
export function findRandomText(text: string): readonly Finding[] {
  return [...text.matchAll(RUN)].flatMap(({ index, 0: run }) => {
    const score = scoreOf(run, text.slice(Math.max(0, index - CONTEXT_CHARACTERS), index))
    return score > 0 ? [{ type: 'random_text', start: index, end: index + run.length, score }] : []
  })
}

function scoreOf(run: string, before: string): number {
  if (run.length < LENGTH_MIN || run.length > LENGTH_MAX || DIGEST.test(before) || /^sha-?\d{1,3}[-_]/i.test(run)) return 0
  const bits = bitsPerCharacter(run)
  const isAnnounced = ANNOUNCED.test(before)
  if (BASE16.test(run)) return isAnnounced && bits >= BITS_OF_BASE16 ? 0.7 : 0.2
  if (bits < BITS_OF_MIXED || isReadable(run)) return 0.1
  return isAnnounced ? 0.8 : 0.55
}

/** Words, paths and names of classes are long too; in random text of letters and digits, digits stand among the letters everywhere. */
function isReadable(run: string): boolean {
  const pieces = run.split(/[/_+=-]/).filter(piece => piece !== '')
  const looksWritten = (piece: string) => /^(?:\d+|[A-Za-z]+\d{0,4}|[a-f0-9]+)$/.test(piece)
  const written = pieces.filter(looksWritten).reduce((sum, piece) => sum + piece.length, 0)
  const changes = [...run.matchAll(/[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]/g)].length
  return written > run.length / 2 || changes < run.length / 8 || !/\d/.test(run) || !/[a-z]/.test(run) || !/[A-Z]/.test(run)
}
