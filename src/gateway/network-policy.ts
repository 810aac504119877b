import { BlockList, isIP } from 'node:net'

/** Addresses that are not public: IANA's special-purpose registries (RFC 6890 and what joined them). */
const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
  // The same networks inside of the IPv6 addresses that gateways translate: NAT64 (RFC 6052) and 6to4 (RFC 3056).
  const hex = network.split('.').map(part => Number(part).toString(16).padStart(2, '0'))
  const [high, low] = [hex.slice(0, 2).join(''), hex.slice(2).join('')]
  PRIVATE.addSubnet(`64:ff9b::${high}:${low}`, 96 + prefix, 'ipv6')
  PRIVATE.addSubnet(`2002:${high}:${low}::`, 16 + prefix, 'ipv6')
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6')
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** A host that is this machine by its own name: `localhost`, 127.0.0.0/8, `[::1]`. */
export function isLoopbackHost(hostname: string): boolean {
  const host = withoutBrackets(hostname)
  return host === 'localhost' || host.endsWith('.localhost') || isIn(LOOPBACK, host)
}

/**
 * Why a provider's address must not be called; undefined when it may. Loopback always may, for local model servers;
 * what is not public, and plain HTTP, only with `allow_private`.
 */
export function refusalOf(protocol: string, hostname: string, allowPrivate: boolean): string | undefined {
  if (protocol !== 'https:' && protocol !== 'http:') return `a ${protocol} address, expected https`
  if (isLoopbackHost(hostname) || allowPrivate) return undefined
  const host = withoutBrackets(hostname)
  if (isIn(PRIVATE, host)) return `the private address ${host}`
  if (protocol === 'http:') return 'an http address, expected https'
  return undefined
}

/**
 * Why a tool must not send a request there; undefined when it may. Whoever fills in its input may be a stranger: this
 * machine is as private as the network around it.
 */
export function toolRefusalOf(protocol: string, hostname: string, allowPrivate: boolean): string | undefined {
  if (protocol !== 'https:' && protocol !== 'http:') return `a ${protocol} address, expected https`
  if (allowPrivate) return undefined
  const host = withoutBrackets(hostname)
  return isLoopbackHost(host) || isIn(PRIVATE, host) ? `the private address ${host}` : undefined
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.toLowerCase()
}

function isIn(list: BlockList, host: string): boolean {
  const family = isIP(host)
  // BlockList looks through IPv4-mapped IPv6 addresses by itself.
  return family !== 0 && list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
