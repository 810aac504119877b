import type { CodePage } from './page.ts'

/** Of a PostgreSQL that keeps states. */
export const postgresCodes = {
  'postgres/invalid-url': {
    severity: 'error',
    since: '1.0',
    what: 'The url of state "postgres" is not one by which PostgreSQL is reached.',
    why: 'It is often a secret, so it can be looked at only when it is used.',
    cure: [
      'Write postgres://USER:PASSWORD@HOST:PORT/DATABASE. In user and password, % and two hex digits stand for characters like @ and /.',
      'What it does not say is taken from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.',
    ],
    see: ['state/unreachable'],
  },
  'postgres/no-tls': {
    severity: 'error',
    since: '1.0',
    what: 'No connection to PostgreSQL that nobody else can read came about.',
    why: 'A state and a password go over a network encrypted, to a server whose certificate was checked, unless the url says otherwise.',
    cure: [
      'Name the certificate of the authority: ?sslmode=verify-full&sslrootcert=ca.pem at the end of the url.',
      'On a network that you trust: ?sslmode=require does not check the certificate, ?sslmode=disable does not encrypt.',
    ],
    see: ['state/unreachable'],
  },
  'postgres/denied': {
    severity: 'error',
    since: '1.0',
    what: 'PostgreSQL does not allow this user what flowrun has to do.',
    why: 'A state is read and written in tables of its schema, which the first apply makes.',
    cure: [
      'Let the user make the schema: GRANT CREATE ON DATABASE …',
      'Or make the schema yourself, let the user have it (ALTER SCHEMA flowrun_state OWNER TO …), and set skip_schema_creation = true.',
    ],
    see: ['state/unauthorized', 'postgres/not-there'],
  },
  'postgres/not-there': {
    severity: 'error',
    since: '1.0',
    what: 'The database or the schema of a state does not exist.',
    why: 'flowrun makes its tables, and its schema unless skip_schema_creation says no, but no database.',
    cure: ['Create what is missing.', 'Or correct the database in the url, or schema.'],
    see: ['postgres/denied'],
  },
  'postgres/foreign-tables': {
    severity: 'error',
    since: '1.0',
    what: 'The schema that a state should be in has tables of another program.',
    why: 'What flowrun did not make, it does not write to.',
    cure: ['Name a schema that is of flowrun alone: schema = "flowrun_state".'],
    see: ['postgres/not-there'],
  },
  'postgres/refused': {
    severity: 'error',
    since: '1.0',
    what: 'PostgreSQL refused a statement for another reason than who asks: it is read-only, its disk is full, a table is damaged.',
    why: 'A state is written whole or not at all; what was there stays.',
    cure: ['The message is that of PostgreSQL; its administrator knows what to do.', 'Then run the command again.'],
    see: ['postgres/denied', 'state/unreachable'],
  },
} as const satisfies Record<`postgres/${string}`, CodePage>
