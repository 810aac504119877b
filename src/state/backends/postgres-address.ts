import type { Client } from 'pg'
import { OperationError } from '../../diagnostics/operation-error.ts'

/** How a database is reached. */
export interface PostgresAddress {
  /** For the driver: with a password in it. */
  readonly connectionString: string
  /** For people: `db.example.com:5432/flowrun`. */
  readonly name: string
}

export interface AddressOptions {
  readonly url: string
  /** The driver's client: it fills in what the url leaves to PGHOST and the like, and connects to nothing yet. */
  readonly client: typeof Client
  /** PGSSLMODE, for a url without sslmode. */
  readonly sslMode: string | undefined
}

/**
 * The modes of libpq, and what the driver does for each: a mode that may fall back to plain text does not here. `no-verify`
 * is the driver's own name for `require`.
 */
const SSL_MODES: ReadonlyMap<string, string> = new Map([
  ['disable', 'disable'],
  ['allow', 'prefer'],
  ['prefer', 'prefer'],
  ['require', 'require'],
  ['verify-ca', 'verify-ca'],
  ['verify-full', 'verify-full'],
  ['no-verify', 'require'],
])

/**
 * Reads the url of a database. TLS is as its sslmode says, in the words of libpq; without one it is verify-full, and none to
 * this machine.
 *
 * @throws OperationError `postgres/invalid-url`.
 */
export function readAddress({ url: written, client, sslMode }: AddressOptions): PostgresAddress {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) {
    throw invalidUrl(
      'It does not have the form postgres://USER:PASSWORD@HOST:PORT/DATABASE. ' +
        'Characters like @ and / in user and password are written as % and two hex digits.',
    )
  }
  const { host, name } = targetOf(withSslMode(url, 'disable'), client)
  const mode = url.searchParams.get('sslmode') ?? sslMode ?? (isThisMachine(host) ? 'disable' : 'verify-full')
  if (!SSL_MODES.has(mode)) throw invalidUrl(`Its sslmode is none of ${[...SSL_MODES.keys()].join(', ')}.`)
  if (mode === 'verify-ca' && !url.searchParams.has('sslrootcert'))
    throw invalidUrl('sslmode=verify-ca needs sslrootcert, the file of the authority.')
  const connectionString = withSslMode(url, SSL_MODES.get(mode) ?? mode)
  // Certificates that are named are read here, and not in the middle of something.
  targetOf(connectionString, client)
  return { connectionString, name }
}

function withSslMode(url: URL, mode: string): string {
  const copy = new URL(url)
  copy.searchParams.set('sslmode', mode)
  // Without it the driver takes require for verify-full, and warns on stderr that this will change.
  copy.searchParams.set('uselibpqcompat', 'true')
  return copy.href
}

function targetOf(connectionString: string, Constructor: typeof Client): { readonly host: string; readonly name: string } {
  try {
    const { host, port, database } = new Constructor({ connectionString })
    return { host, name: `${host}:${port}/${database ?? ''}` }
  } catch (error) {
    throw invalidUrl(`The driver says: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
}

/** The url is not shown: there may be a password in it. */
function invalidUrl(why: string): OperationError {
  return new OperationError({
    code: 'postgres/invalid-url',
    summary: 'The url of state "postgres" cannot be used',
    detail: `${why} Nothing was changed.`,
  })
}
