import { isIPv6 } from 'node:net'
import type { Finding } from '../finding.ts'

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`(?<![\\w.])${OCTET}(?:\\.${OCTET}){3}(?!\\w|\\.\\d)`, 'g')
/** 0 and 255 begin no address of a machine: masks do. */
const NO_MACHINE = /^(?:0|255)\./
const IPV6 = /(?<![\w:.])[\da-f:]{3,39}(?![\w:])/gi

/** Addresses of machines. */
export function findIps(text: string): readonly Finding[] {
  const four = [...text.matchAll(IPV4)].filter(({ 0: written }) => !NO_MACHINE.test(written))
  const six = [...text.matchAll(IPV6)].filter(({ 0: written }) => isIPv6(written) && looksMeant(written))
  return [...four, ...six].map(({ index, 0: written }) => ({ type: 'ip', start: index, end: index + written.length, score: 0.9 }))
}

/** `1::2` is an address by its grammar, and something else in most texts. */
function looksMeant(address: string): boolean {
  const groups = address.split(':').filter(group => group !== '')
  return groups.length === 8 || groups.some(group => group.length > 2)
}

const URL_WRITTEN = /(?<![\p{L}\p{N}_])(?:(?:https?|ftp):\/\/|www\.)[^\s<>"'`|\\^{}]{3,2048}/giu

/** Addresses of pages. The full stop and the bracket after one are not part of it. */
export function findUrls(text: string): readonly Finding[] {
  return [...text.matchAll(URL_WRITTEN)].map(({ index, 0: written }) => ({
    type: 'url',
    start: index,
    end: index + withoutTail(written).length,
    score: 0.9,
  }))
}

function withoutTail(url: string): string {
  let end = url.length
  let open = (url.match(/\(/g)?.length ?? 0) - (url.match(/\)/g)?.length ?? 0)
  for (; end > 0; end--) {
    const last = url[end - 1] ?? ''
    if (last === ')' && open < 0) open++
    else if (!/[.,;:!?*\]»”]/.test(last)) break
  }
  return url.slice(0, end)
}
