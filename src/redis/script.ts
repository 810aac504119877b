import { createHash } from 'node:crypto'

/** Lua that Redis runs as one step, by its digest. */
export interface RedisScript {
  readonly text: string
  /** As Redis names it: SHA-1, in hex. */
  readonly sha: string
}

export function redisScript(text: string): RedisScript {
  return Object.freeze({ text, sha: createHash('sha1').update(text).digest('hex') })
}
