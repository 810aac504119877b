import { createSecretKey, type KeyObject, randomBytes, scrypt } from 'node:crypto'
import type { PassphraseSource } from '../../base/sealing.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { StateKeys } from './state-keys.ts'

/**
 * The cost of scrypt (RFC 7914): 86 ms and 32 MB on a core of 2024. N = 2^17 took 346 ms and 128 MB, more than a whole plan may
 * take. What is missing is asked of the passphrase: guessing is hopeless by its length, not by the cost of one guess.
 */
export const SCRYPT_COST = { n: 2 ** 15, r: 8, p: 1 } as const
/** An envelope may ask for more than we do, but not for all memory of this machine. */
const MEMORY_LIMIT_BYTES = 256 * 1024 * 1024
const PARALLEL_LIMIT = 16
const SALT_BYTES = 16
const KEY_BYTES = 32
/** 16 random letters and digits are 95 bits. */
export const PASSPHRASE_LENGTH = 16

/** @param passphrase looks it up when it is needed; asked once. */
export function createPassphraseKeys(passphrase: () => Promise<string>): StateKeys {
  const derived = new Map<string, Promise<KeyObject>>()
  let text: Promise<string> | undefined
  /** The salt of what was read, so that a command that reads and writes derives once. */
  let lastRead: PassphraseSource | undefined
  const keyOf = (source: PassphraseSource): Promise<KeyObject> => {
    const name = JSON.stringify([source.salt, source.n, source.r, source.p])
    text ??= passphrase()
    const key = derived.get(name) ?? text.then(known => derive(known, source))
    derived.set(name, key)
    return key
  }
  return {
    provider: 'passphrase',
    name: 'the passphrase',
    async create() {
      const source = lastRead ?? { provider: 'passphrase', salt: randomBytes(SALT_BYTES).toString('base64'), ...SCRYPT_COST }
      lastRead = source
      return { key: await keyOf(source), source }
    },
    async find(source) {
      if (source.provider !== 'passphrase' || !isAffordable(source)) return undefined
      const key = await keyOf(source)
      if (source.n === SCRYPT_COST.n && source.r === SCRYPT_COST.r && source.p === SCRYPT_COST.p) lastRead = source
      return key
    },
  }
}

/** @throws OperationError `state/weak-passphrase`. */
export function requireStrong(passphrase: string): string {
  const { length } = [...passphrase]
  if (length >= PASSPHRASE_LENGTH) return passphrase
  throw new OperationError({
    code: 'state/weak-passphrase',
    summary: `The passphrase of the state has ${length} ${length === 1 ? 'character' : 'characters'}, and needs ${PASSPHRASE_LENGTH}`,
    detail:
      'Whoever has a copy of the state can try passphrases without end. Make a long one:\n  openssl rand -base64 24\nNothing was changed.',
  })
}

function isAffordable({ n, r, p }: PassphraseSource): boolean {
  const isCost = Number.isInteger(n) && n >= 2 && Number.isInteger(Math.log2(n))
  const isShape = Number.isInteger(r) && r >= 1 && Number.isInteger(p) && p >= 1 && p <= PARALLEL_LIMIT
  return isCost && isShape && memoryOf({ n, r }) <= MEMORY_LIMIT_BYTES
}

function memoryOf({ n, r }: Pick<PassphraseSource, 'n' | 'r'>): number {
  return 128 * n * r
}

function derive(passphrase: string, { salt, n, r, p }: PassphraseSource): Promise<KeyObject> {
  // OpenSSL counts a little beside the table itself.
  const cost = { N: n, r, p, maxmem: memoryOf({ n, r }) + 1024 * 1024 * p }
  return new Promise((resolve, reject) => {
    scrypt(passphrase, Buffer.from(salt, 'base64'), KEY_BYTES, cost, (error, bytes) => {
      if (error) return reject(error)
      resolve(createSecretKey(bytes))
      bytes.fill(0)
    })
  })
}
