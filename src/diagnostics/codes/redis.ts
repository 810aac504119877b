import type { CodePage } from './page.ts'

/** Of a Redis that many processes share. */
export const redisCodes = {
  'redis/invalid-url': {
    severity: 'error',
    since: '1.0',
    what: 'The url of cache "redis" is not one by which Redis is reached.',
    why: 'It is often a secret, so it can be looked at only when it is used.',
    cure: [
      'Write redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS. User, password, port and the number of the database may be left out.',
      'In user and password, % and two hex digits stand for characters like @ and /.',
    ],
    see: ['secret/missing'],
  },
} as const satisfies Record<`redis/${string}`, CodePage>
