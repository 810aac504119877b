import type { PiiType } from '../../artifact/guard.ts'
import type { Detector } from './detector.ts'
import { type Finding, withoutOverlaps } from './finding.ts'
import { findCards } from './pii/card.ts'
import { findEmails } from './pii/email.ts'
import { findIbans } from './pii/iban.ts'
import { findNationalIds } from './pii/national-id.ts'
import { findIps, findUrls } from './pii/network.ts'
import { findPhones } from './pii/phone.ts'

/** The surest first: digits that are a card by their check digit are no telephone number. */
const FINDERS: Readonly<Record<PiiType, (text: string) => readonly Finding[]>> = {
  url: findUrls,
  email: findEmails,
  iban: findIbans,
  card: findCards,
  national_id: findNationalIds,
  ip: findIps,
  phone: findPhones,
}

/** The longest of each with what is read behind it, in UTF-16 units. */
const REACH: Readonly<Record<PiiType, number>> = {
  url: 2_100,
  email: 512,
  iban: 128,
  card: 256,
  national_id: 128,
  ip: 64,
  phone: 384,
}

/** Personal data: by their shape, and by check digits where there are any. */
export const pii: Detector<'pii'> = {
  type: 'pii',
  summary: 'e-mail, phone, card, IBAN, national ids, IP addresses, URLs',
  placeholder: ({ type }) => type.toUpperCase(),
  async look(texts, { types }) {
    return texts.map(text => ({ findings: findPii(text, types) }))
  },
  // What one finder takes the next ones do not see, so each may wait for the one before.
  stream: async ({ types }) => ({
    reach: types.reduce((sum, type) => sum + REACH[type], 0),
    look: text => findPii(text, types),
  }),
}

/** In the order of the text. What one finder has taken the next ones do not see, so that nothing is hidden by what is next to it. */
export function findPii(text: string, types: readonly PiiType[]): readonly Finding[] {
  const found: Finding[] = []
  let rest = text
  for (const type of Object.keys(FINDERS) as PiiType[]) {
    if (!types.includes(type)) continue
    const more = withoutOverlaps(FINDERS[type](rest))
    found.push(...more)
    rest = masked(rest, more)
  }
  return found.sort((a, b) => a.start - b.start)
}

/** The text, as long as it was, with a sign that is part of nothing in place of the findings. */
function masked(text: string, findings: readonly Finding[]): string {
  let result = ''
  let end = 0
  for (const finding of findings) {
    result += text.slice(end, finding.start) + '\uffff'.repeat(finding.end - finding.start)
    end = finding.end
  }
  return end === 0 ? text : result + text.slice(end)
}
