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
  'redis/unavailable': {
    severity: 'error',
    since: '1.0',
    what: 'The Redis of cache "redis" cannot be asked.',
    why: 'Calls go on without it, each process with its own limits and breakers and without kept answers; a command that shows or clears what is in it cannot.',
    cure: ['See that it runs, and that this machine reaches it.', 'See that user and password in the url are those that it knows.'],
    see: ['redis/invalid-url'],
  },
} as const satisfies Record<`redis/${string}`, CodePage>
