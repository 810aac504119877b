import type { Finding } from '../finding.ts'
import { mod97, passesMod11And10, weightedSum } from './checksum.ts'

/** How the numbers of one country are written, and which of them can be. */
interface NationalId {
  readonly pattern: RegExp
  readonly isValid: (digits: string) => boolean
  /** Too many other numbers look like it: it counts only shortly after one of these words. */
  readonly after?: RegExp
}

const CONTEXT_CHARACTERS = 48
const BEGIN = '(?<![\\p{L}\\p{N}_./-])'
const END = '(?![\\p{L}\\p{N}_]|[-/.]\\p{N})'
const written = (pattern: string) => new RegExp(BEGIN + pattern + END, 'giu')
const words = (list: string) => new RegExp(`(?<![\\p{L}\\p{N}])(?:${list})(?![\\p{L}\\p{N}])`, 'iu')

const IDS: readonly NationalId[] = [
  // United States: no check digit; areas that were never given out are known.
  { pattern: written('\\d{3}-\\d{2}-\\d{4}'), isValid: isSocialSecurityNumber },
  { pattern: written('\\d{3} ?\\d{2} ?\\d{4}'), isValid: isSocialSecurityNumber, after: words('ssn|social security(?: number| no)?') },
  // United Kingdom: National Insurance, without the prefixes that are not given out.
  {
    pattern: written('[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\\d{2}){3} ?[A-D]'),
    isValid: text => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/i.test(text),
  },
  // Spain: DNI and NIE, with the letter that their number gives.
  { pattern: written('(?:\\d{8}|[XYZ]-?\\d{7})-?[A-Z]'), isValid: isSpanish },
  // France: NIR, with its key.
  { pattern: written('[12378] ?\\d{2} ?\\d{2} ?(?:\\d{2}|2[AB]) ?\\d{3} ?\\d{3} ?\\d{2}'), isValid: isFrench },
  // Italy: codice fiscale.
  { pattern: written('[A-Z]{6}\\d{2}[A-EHLMPRST]\\d{2}[A-Z]\\d{3}[A-Z]'), isValid: isItalian },
  // Netherlands: BSN, the test of eleven.
  {
    pattern: written('\\d{9}'),
    isValid: digits => weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !/^0+$/.test(digits),
    after: words('bsn|burgerservicenummer|sofinummer'),
  },
  // Germany: tax id.
  {
    pattern: written('[1-9]\\d ?\\d{3} ?\\d{3} ?\\d{3}'),
    isValid: digits => passesMod11And10(digits) && hasOneDigitAgain(digits),
    after: words('steuer-?id\\p{L}{0,20}(?:-?nr|nummer)?|idnr|steueridentifikationsnummer|tin'),
  },
  // Poland: PESEL.
  {
    pattern: written('\\d{11}'),
    isValid: digits => weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0 && isMonth(Number(digits.slice(2, 4)) % 20),
    after: words('pesel'),
  },
  // Switzerland: AHV, AVS, with the check digit of an EAN-13.
  { pattern: written('756\\.?\\d{4}\\.?\\d{4}\\.?\\d{2}'), isValid: isSwiss },
  // Brazil: CPF.
  { pattern: written('\\d{3}\\.\\d{3}\\.\\d{3}-\\d{2}'), isValid: isBrazilian },
  { pattern: written('\\d{11}'), isValid: isBrazilian, after: words('cpf') },
]

/** Numbers by which a state knows a person, held against their check digits. */
export function findNationalIds(text: string): readonly Finding[] {
  return IDS.flatMap(({ pattern, isValid, after }) =>
    [...text.matchAll(pattern)].flatMap(({ index, 0: match }) => {
      const isAnnounced = after === undefined || after.test(text.slice(Math.max(0, index - CONTEXT_CHARACTERS), index))
      if (!isAnnounced || !isValid(match.replace(/[ .-]/g, ''))) return []
      return [{ type: 'national_id', start: index, end: index + match.length, score: after ? 0.8 : 0.9 }]
    }),
  )
}

function isSocialSecurityNumber(digits: string): boolean {
  return !/^(?:000|666|9)/.test(digits) && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000'
}

function isSpanish(id: string): boolean {
  const number = Number(id.slice(0, -1).replace(/^[XYZ]/i, letter => String('XYZ'.indexOf(letter.toUpperCase()))))
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23] === id.slice(-1).toUpperCase()
}

function isFrench(id: string): boolean {
  // Corsica counts as 19 and 18 (INSEE).
  const number = id.slice(0, -2).replace(/2A/i, '19').replace(/2B/i, '18')
  return isMonth(Number(id.slice(3, 5)) % 20 || 12) && 97 - mod97(number) === Number(id.slice(-2))
}

function isMonth(month: number): boolean {
  return month >= 1 && month <= 12
}

/** What a character counts for at an odd place (Decreto ministeriale 23/12/1976); at an even one it counts as it stands. */
const ODD_PLACES = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

function isItalian(id: string): boolean {
  const values = [...id.toUpperCase().slice(0, -1)].map(character =>
    /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65,
  )
  const sum = values.reduce((total, value, index) => total + (index % 2 === 0 ? (ODD_PLACES[value] ?? 0) : value), 0)
  return String.fromCharCode(65 + (sum % 26)) === id.slice(-1).toUpperCase()
}

/** Of the first ten digits one stands there twice or thrice. */
function hasOneDigitAgain(digits: string): boolean {
  const different = new Set(digits.slice(0, 10)).size
  return different === 9 || different === 8
}

function isSwiss(digits: string): boolean {
  return weightedSum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}

function isBrazilian(digits: string): boolean {
  const check = (count: number) => {
    const rest =
      (weightedSum(
        digits.slice(0, count),
        Array.from({ length: count }, (_, index) => count + 1 - index),
      ) *
        10) %
      11
    return rest % 10 === Number(digits[count])
  }
  return !/^(\d)\1+$/.test(digits) && check(9) && check(10)
}
