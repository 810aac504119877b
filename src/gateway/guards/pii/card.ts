import type { Finding } from '../finding.ts'
import { passesLuhn } from './checksum.ts'
import { type DigitGroups, groupsFrom, isWhole, readDigitGroups } from './digit-groups.ts'

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

/** How the groups of a card are written: as on the card, or without a break. */
const SHAPES: ReadonlySet<string> = new Set(['4-4-4-4', '4-4-4-4-3', '4-4-5', '4-6-5', '4-6-4'])
const GROUPS_MAX = 5
const START = /(?<![\p{L}\p{N}_])\d{4}/gu

/** Numbers of payment cards: of a known network, of its length, with the right check digit. */
export function findCards(text: string): readonly Finding[] {
  const found: Finding[] = []
  let end = 0
  for (const { index } of text.matchAll(START)) {
    const card = index < end ? undefined : cardAt(text, index)
    if (card === undefined) continue
    found.push({ type: 'card', start: index, end: card.end, score: 0.95 })
    end = card.end
  }
  return found
}

/** A number may stand right after another one, so each group is looked at as the first of a card. */
function cardAt(text: string, start: number): DigitGroups | undefined {
  const all = readDigitGroups(text, start, GROUPS_MAX).groups
  for (let count = all.length; count > 0; count--) {
    const part = groupsFrom(all.slice(0, count))
    if (isWritten(part) && isCard(part.digits) && isWhole(text, start, part.end)) return part
  }
  return undefined
}

function isWritten({ groups }: DigitGroups): boolean {
  const [separator, ...others] = groups.slice(1).map(group => group.separator)
  if (separator === undefined) return true
  const shape = groups.map(({ digits }) => digits.length).join('-')
  return /^[ -]$/.test(separator) && others.every(other => other === separator) && SHAPES.has(shape)
}

function isCard(digits: string): boolean {
  return (
    NETWORKS.some(([prefix, lengths]) => lengths.includes(digits.length) && prefix.test(digits)) &&
    !/^(\d)\1+$/.test(digits) &&
    passesLuhn(digits)
  )
}
