import type { Finding } from '../finding.ts'
import { type DigitGroups, groupsFrom, isWhole, readDigitGroups } from './digit-groups.ts'

/** Digits after the country code, at least and at most, where a country is strict about it (ITU-T E.164 national plans); others have 7 to 12. */
const NATIONAL_LENGTHS: Readonly<Record<string, readonly [number, number]>> = {
  '1': [10, 10],
  '7': [10, 10],
  '20': [8, 10],
  '27': [9, 9],
  '30': [10, 10],
  '31': [9, 9],
  '32': [8, 9],
  '33': [9, 9],
  '34': [9, 9],
  '36': [8, 9],
  '39': [6, 11],
  '40': [9, 9],
  '41': [9, 9],
  '43': [4, 13],
  '44': [9, 10],
  '45': [8, 8],
  '46': [7, 10],
  '47': [8, 8],
  '48': [9, 9],
  '49': [6, 12],
  '51': [8, 9],
  '52': [10, 10],
  '54': [10, 11],
  '55': [10, 11],
  '56': [9, 9],
  '57': [8, 10],
  '60': [8, 10],
  '61': [9, 9],
  '62': [8, 12],
  '63': [8, 10],
  '64': [8, 10],
  '65': [8, 8],
  '66': [8, 9],
  '81': [9, 10],
  '82': [8, 10],
  '84': [9, 10],
  '86': [10, 11],
  '90': [10, 10],
  '91': [10, 10],
  '92': [9, 10],
  '351': [9, 9],
  '352': [5, 11],
  '353': [7, 9],
  '358': [5, 12],
  '380': [9, 9],
  '420': [9, 9],
  '421': [9, 9],
  '852': [8, 8],
  '886': [8, 9],
  '971': [8, 9],
  '972': [8, 9],
}
/** Country codes that begin so have three digits; the others have two, but for 1 and 7. */
const THREE_DIGITS = /^(?:21|22|23|24|25|26|29|35|37|38|42|50|59|67|68|69|80|85|87|88|96|97|99)/

/** Words that say that a number is one to call, shortly before it. */
const CALLED =
  /(?<![\p{L}\p{N}])(?:tel|tél|telefon\p{L}{0,10}|teléfono|téléphone|telefono|telefoonnummer|phone|telephone|fax|mobile?|móvil|cell|cellulare|celular|handy\p{L}{0,8}|mobil|portable|whatsapp|signal|sms|call|ring|text|dial|ruf\p{L}{0,6}|anruf\p{L}{0,4}|appel\p{L}{0,3}|llám\p{L}{0,4}|llam\p{L}{0,5}|chiam\p{L}{0,4}|bel|ligue|zadzwoń|電話番号?|電話|电话)(?![\p{L}\p{N}])/iu
const CONTEXT_CHARACTERS = 32

/** A number of this many groups is none to call. */
const GROUPS_MAX = 8
const START = /(?<![\p{L}\p{N}_])(?<!\p{N}[.,])[+(]?\d/gu

/** Telephone numbers: with a country code, in the ways of writing of larger countries, or after a word that announces one. */
export function findPhones(text: string): readonly Finding[] {
  const found: Finding[] = []
  let end = 0
  for (const { index } of text.matchAll(START)) {
    // Inside of one that was found.
    if (index < end) continue
    const phone = phoneAt(text, index)
    if (phone === undefined) continue
    found.push(phone)
    end = phone.end
  }
  return found
}

function phoneAt(text: string, start: number): Finding | undefined {
  const bracket = text[start] === '('
  const plus = text[start] === '+'
  const groups = readDigitGroups(text, start + (bracket || plus ? 1 : 0), GROUPS_MAX)
  const isAnnounced = CALLED.test(text.slice(Math.max(0, start - CONTEXT_CHARACTERS), start))
  const finding = (groups: DigitGroups, score: number): Finding => ({ type: 'phone', start, end: groups.end, score })
  if (plus) {
    const fitting = longest(groups, isInternational)
    return fitting && isWhole(text, start, fitting.end) ? finding(fitting, 0.95) : undefined
  }
  // Of digits without a break nobody can tell what they are, unless a word does.
  const isSpaced = groups.groups.length > 1
  if (groups.digits.startsWith('00') && (isSpaced || isAnnounced)) {
    const fitting = longest(groups, part => isInternational({ ...part, digits: part.digits.slice(2) }))
    if (fitting && isAlone(text, start, fitting)) return finding(fitting, 0.85)
  }
  const national = longest(groups, part => isNorthAmerican(part, bracket, isAnnounced) || isTrunk(part, text))
  if (national && isAlone(text, start, national)) return finding(national, 0.7)
  const announced = isAnnounced ? longest(groups, isPlain) : undefined
  return announced && isAlone(text, start, announced) ? finding(announced, 0.6) : undefined
}

/** The most groups from the first one on that fit together. */
function longest(all: DigitGroups, fits: (part: DigitGroups) => boolean): DigitGroups | undefined {
  for (let count = all.groups.length; count > 0; count--) {
    const part = groupsFrom(all.groups.slice(0, count))
    if (fits(part)) return part
  }
  return undefined
}

function isInternational({ digits, groups }: DigitGroups): boolean {
  const code = /^[17]/.test(digits) ? digits.slice(0, 1) : THREE_DIGITS.test(digits) ? digits.slice(0, 3) : digits.slice(0, 2)
  const [min, max] = NATIONAL_LENGTHS[code] ?? [7, 12]
  // +49 (0)30: the zero is for calls from inside of the country.
  const hasZero = groups.some(({ digits, separator }) => separator.endsWith('(') && digits.startsWith('0'))
  const length = digits.length - code.length - (hasZero ? 1 : 0)
  return /^[1-9]/.test(digits) && length >= min && length <= max
}

/** `(415) 555-0132`, `415-555-0132`, `415.555.0132`; with spaces alone only where a word announces it. */
function isNorthAmerican({ groups }: DigitGroups, bracket: boolean, isAnnounced: boolean): boolean {
  const [area, exchange, line, more] = groups
  if (!area || !exchange || !line || more) return false
  const isShaped = /^[2-9]\d\d$/.test(area.digits) && /^[2-9]\d\d$/.test(exchange.digits) && /^\d{4}$/.test(line.digits)
  const isWritten = bracket
    ? /^\) ?-?$/.test(exchange.separator) && /^[-. ]$/.test(line.separator)
    : exchange.separator === line.separator && (/^[-.]$/.test(line.separator) || isAnnounced)
  return isShaped && isWritten
}

/** Most countries dial a zero before the area: `030 23125 014`, `07700 900123`, `01 99 00 12 34`, `0221 / 4710 987`. */
function isTrunk({ digits, groups, start }: DigitGroups, text: string): boolean {
  const [first, ...others] = groups
  if (!first || others.length === 0 || !/^0[1-9]/.test(digits) || first.digits.length < 2 || first.digits.length > 6) return false
  if (digits.length < 9 || digits.length > 13) return false
  const separators = others.map(({ separator }) => separator)
  const arePairs = groups.every(group => group.digits.length === 2)
  if (arePairs) return groups.length === 5
  const isBracketed = text[start - 1] === '('
  return (
    separators.every(separator => /^(?: ?[-/] ?| |\) ?|\)-)$/.test(separator)) && (isBracketed || !separators.some(s => s.includes(')')))
  )
}

/** After a word that announces it any number of its length is one, however it is written. */
function isPlain({ digits, groups }: DigitGroups): boolean {
  return digits.length >= 9 && digits.length <= 12 && groups.length <= 5 && !/^(?:19|20)\d\d$/.test(groups[0]?.digits ?? '')
}

/** Not part of something longer: `06-12345678-9/A` is a part number. Digits that a space parts go on only where spaces part its own. */
function isAlone(text: string, start: number, { end, groups }: DigitGroups): boolean {
  const before = text.slice(Math.max(0, start - 2), start)
  const after = text.slice(end, end + 4)
  const isSpaced = text[start] !== '(' && groups.slice(1).every(({ separator }) => separator === ' ')
  const goesOn = /^ ?[-/] ?[\p{L}\p{N}]/u.test(after) || /[-/.#]$/.test(before)
  return isWhole(text, start, end) && !goesOn && !(isSpaced && (/^ \p{N}/u.test(after) || /\p{N} $/u.test(before)))
}
