import type { Finding } from '../finding.ts'
import { passesLuhn } from './checksum.ts'
import { isWhole } from './digit-groups.ts'

/** What the numbers of the networks begin with, and how long they are (ISO/IEC 7812 ranges that the networks publish). */
const NETWORKS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^4/, [13, 16, 19]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16, 17, 18, 19]],
  [/^(?:30[0-5]|3095|36|38|39)/, [14, 16]],
  [/^35(?:2[89]|[3-8])/, [16, 17, 18, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:50|5[6-9]|6)/, [12, 13, 14, 15, 16, 17, 18, 19]],
]

/** Digits with one kind of separator between groups, or none. */
const WRITTEN = /(?<![\p{L}\p{N}_])\d{4}(?:(?: \d{2,7}){2,4}|(?:-\d{2,7}){2,4}|\d{8,15})(?![\p{L}\p{N}_])/gu

/** Numbers of payment cards: of a known network, of its length, with the right check digit. */
export function findCards(text: string): readonly Finding[] {
  return [...text.matchAll(WRITTEN)].flatMap(({ index, 0: written }) => {
    const digits = written.replace(/[ -]/g, '')
    const isCard =
      NETWORKS.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) &&
      !/^(\d)\1+$/.test(digits) &&
      passesLuhn(digits) &&
      isWhole(text, index, index + written.length)
    return isCard ? [{ type: 'card', start: index, end: index + written.length, score: 0.95 }] : []
  })
}
