import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const RANDOM_BYTES = 10

/**
 * A ULID: 48 bits of time, 80 bits of randomness, Crockford base 32, 26 characters. It sorts by time, and ids of one
 * millisecond count up, so index inserts stay at the right edge (random ids are markedly slower in SQLite).
 */
export type Ulid = string

export type UlidSource = () => Ulid

export function createUlidSource(clock: Clock, random: (size: number) => Uint8Array = randomBytes): UlidSource {
  let lastTime = -1
  let entropy = new Uint8Array(RANDOM_BYTES)
  return () => {
    const time = Math.max(clock.now(), lastTime)
    if (time === lastTime) increment(entropy)
    else entropy = Uint8Array.from(random(RANDOM_BYTES))
    lastTime = time
    return encodeTime(time) + encodeEntropy(entropy)
  }
}

function increment(bytes: Uint8Array): void {
  for (let i = bytes.length - 1; i >= 0; i--) {
    const next = ((bytes[i] ?? 0) + 1) & 0xff
    bytes[i] = next
    if (next !== 0) return
  }
}

function encodeTime(ms: number): string {
  let text = ''
  let rest = ms
  for (let i = 0; i < 10; i++) {
    text = CROCKFORD.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

function encodeEntropy(bytes: Uint8Array): string {
  let bits = 0n
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte)
  let text = ''
  for (let i = 0; i < 16; i++) {
    text = CROCKFORD.charAt(Number(bits & 31n)) + text
    bits >>= 5n
  }
  return text
}
