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

/** Personal data: by their shape, and by check digits where there are any. */
export const pii: Detector<'pii'> = {
  type: 'pii',
  summary: 'e-mail, phone, card, IBAN, national ids, IP addresses, URLs',
  placeholder: ({ type }) => type.toUpperCase(),
  async look(texts, { types }) {
    return texts.map(text => ({ findings: findPii(text, types) }))
  },
}

export function findPii(text: string, types: readonly PiiType[]): readonly Finding[] {
  const wanted = (Object.keys(FINDERS) as PiiType[]).filter(type => types.includes(type))
  return withoutOverlaps(wanted.flatMap(type => FINDERS[type](text)))
}
