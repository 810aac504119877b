import type { Finding } from '../finding.ts'

/** RFC 5321, 4.5.3.1. */
const LOCAL_PART_MAX = 64
const DOMAIN_MAX = 255

const LOCAL = /[\p{L}\p{N}._%+'-]/u
const DOMAIN = /[\p{L}\p{N}.-]/u
const TOP_LEVEL = /^(?:\p{L}{2,24}|xn--[a-z0-9-]{2,40})$/iu
/** `anna[at]example[dot]org`: brackets say that it is meant so; bare words do not. */
const SPELT = /(?<![\w.+-])[\w.+-]{1,64} ?[[({<] ?at ?[\])}>] ?[\w-]{1,63}(?: ?[[({<] ?dot ?[\])}>] ?[a-z\d-]{1,63}){1,4}(?![\w-])/gi

/** E-mail addresses. Each `@` is looked at once, and read from to both sides as far as an address can be long. */
export function findEmails(text: string): readonly Finding[] {
  const found: Finding[] = []
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at)
    const end = domainEnd(text, at)
    if (start === at || end === undefined || isOfUrl(text, start) || isOfRepository(text, end)) continue
    found.push({ type: 'email', start, end, score: 0.95 })
  }
  for (const { index, 0: match } of text.matchAll(SPELT)) found.push({ type: 'email', start: index, end: index + match.length, score: 0.7 })
  return found
}

function localStart(text: string, at: number): number {
  let start = at
  while (start > 0 && at - start < LOCAL_PART_MAX && LOCAL.test(text[start - 1] ?? '')) start--
  while (start < at && /[.'%+-]/.test(text[start] ?? '')) start++
  return text[at - 1] === '.' ? at : start
}

function domainEnd(text: string, at: number): number | undefined {
  let end = at + 1
  while (end < text.length && end - at <= DOMAIN_MAX && DOMAIN.test(text[end] ?? '')) end++
  while (/[.-]/.test(text[end - 1] ?? '')) end--
  const labels = text.slice(at + 1, end).split('.')
  const isDomain =
    labels.length > 1 &&
    labels.every(label => label !== '' && label.length <= 63 && !label.startsWith('-') && !label.endsWith('-')) &&
    TOP_LEVEL.test(labels.at(-1) ?? '')
  return isDomain ? end : undefined
}

/** The password of `https://user:password@host`. */
function isOfUrl(text: string, start: number): boolean {
  return /:\/\/[^\s/@]{0,64}$/.test(text.slice(Math.max(0, start - 80), start))
}

/** `git@github.com:acme/shop.git` */
function isOfRepository(text: string, end: number): boolean {
  return /^:[\w~.-]{1,64}\//.test(text.slice(end, end + 70))
}
