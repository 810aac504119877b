import type { Finding } from '../finding.ts'
import { mod97 } from './checksum.ts'

/** Lengths by country (SWIFT IBAN registry). */
const LENGTHS: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SC: 31,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  ST: 25,
  SV: 28,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
}

const BEGIN = /(?<![\p{L}\p{N}_])[A-Z]{2}\d{2}/giu

/** Account numbers: of a known country, of its length, with the right check digits (ISO 13616). */
export function findIbans(text: string): readonly Finding[] {
  return [...text.matchAll(BEGIN)].flatMap(({ index, 0: begin }) => {
    const length = LENGTHS[begin.slice(0, 2).toUpperCase()]
    const end = length === undefined ? undefined : endOf(text, index, length)
    if (end === undefined) return []
    const written = text.slice(index, end).replace(/[ -]/g, '').toUpperCase()
    return mod97(written.slice(4) + written.slice(0, 4)) === 1 ? [{ type: 'iban', start: index, end, score: 0.99 }] : []
  })
}

/** Where so many letters and digits are read, single spaces and hyphens between them; nothing where fewer or more stand there. */
function endOf(text: string, start: number, length: number): number | undefined {
  let count = 0
  let at = start
  for (; count < length; at++) {
    const character = text[at] ?? ''
    if (/[a-z\d]/i.test(character)) count++
    else if (!/[ \u00a0-]/.test(character) || !/[a-z\d]/i.test(text[at + 1] ?? '')) return undefined
  }
  return /[\p{L}\p{N}_]/u.test(text[at] ?? '') ? undefined : at
}
