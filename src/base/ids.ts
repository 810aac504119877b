import { randomBytes } from 'node:crypto'
import type { Clock } from './clock.ts'

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const RANDOM_BYTES = 10
/** The 80 random bits are two numbers of 40, eight characters each: as one BigInt they take twice as long to write. */
const HALF_BYTES = 5
const HALF_RANGE = 2 ** 40

/**
 * A ULID: 48 bits of time, 80 bits of randomness, Crockford base 32, 26 characters. It sorts by time, and ids of one
 * millisecond count up, so index inserts stay at the right edge (random ids are markedly slower in SQLite).
 */
export type Ulid = string

export type UlidSource = () => Ulid

export function createUlidSource(clock: Clock, random: (size: number) => Uint8Array = randomBytes): UlidSource {
  let lastTime = -1
  let high = 0
  let low = 0
  return () => {
    const time = Math.max(clock.now(), lastTime)
    if (time === lastTime) {
      low = (low + 1) % HALF_RANGE
      if (low === 0) high = (high + 1) % HALF_RANGE
    } else {
      const entropy = random(RANDOM_BYTES)
      high = numberOf(entropy.subarray(0, HALF_BYTES))
      low = numberOf(entropy.subarray(HALF_BYTES))
    }
    lastTime = time
    return encode(time, 10) + encode(high, 8) + encode(low, 8)
  }
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

function encode(number: number, length: number): string {
  let text = ''
  let rest = number
  for (let i = 0; i < length; i++) {
    text = CROCKFORD.charAt(rest % 32) + text
    rest = Math.floor(rest / 32)
  }
  return text
}
