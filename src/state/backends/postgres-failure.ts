import { OperationError } from '../../diagnostics/operation-error.ts'

const NOTHING_CHANGED = 'Nothing was changed.'
/** The connection was lost between COMMIT and its answer, and never came back. */
const UNCERTAIN = 'Whether the change was kept is not certain; the next command finds out.'

/**
 * What passes by itself: the server stops or starts (57P01, 57P02, 57P03), has no free connection (53300), ended a session
 * that was idle (25P03, 57P05) or a statement that waited for others (57014, 55P03), or chose it to end a deadlock
 * (40P01, 40001); and all of class 08, broken connections.
 */
const PASSING = new Set(['57P01', '57P02', '57P03', '53300', '25P03', '57P05', '57014', '55P03', '40P01', '40001'])

/** What the driver threw: nothing else may be taken for a failure of the database. */
export class DriverFailure extends Error {
  override readonly cause: unknown

  constructor(cause: unknown) {
    super('the driver of PostgreSQL failed')
    this.cause = cause
  }
}

export interface FailedDatabase {
  /** `db.example.com:5432/flowrun`. */
  readonly name: string
  readonly schema: string
}

/** SQLSTATE of an error that the server sent; undefined when the driver or the network failed. */
export function sqlState({ cause }: DriverFailure): string | undefined {
  const isFromServer = cause instanceof Error && 'severity' in cause && 'code' in cause && typeof cause.code === 'string'
  return isFromServer ? String(cause.code) : undefined
}

/** Another try may succeed: the connection was lost, or the server could not now. */
export function isPassing(failure: DriverFailure): boolean {
  const state = sqlState(failure)
  if (state !== undefined) return PASSING.has(state) || state.startsWith('08')
  return !isPasswordMissing(failure) && !isInsecure(failure)
}

/** The tables or the schema are not there. */
export function isMissing(failure: DriverFailure): boolean {
  const state = sqlState(failure)
  return state === '42P01' || state === '3F000'
}

/** After the last try. `uncertain`: a COMMIT was under way when a connection was lost. */
export function unreachable(failure: DriverFailure, { name }: FailedDatabase, tries: number, uncertain: boolean): OperationError {
  return new OperationError(
    {
      code: 'state/unreachable',
      summary: `The state at ${name} cannot be reached`,
      detail: `It was tried ${tries} times: ${messageOf(failure)}. ${uncertain ? UNCERTAIN : NOTHING_CHANGED}`,
    },
    { retryable: true, cause: failure.cause },
  )
}

/** What another try cannot cure, as what a person can act on. */
export function refusal(failure: DriverFailure, { name, schema }: FailedDatabase): OperationError {
  const state = sqlState(failure)
  const said = `${state === undefined ? 'The driver' : 'PostgreSQL'} says: ${messageOf(failure)}.`
  const error = (code: OperationError['code'], summary: string, cure: string) =>
    new OperationError({ code, summary, detail: `${said} ${cure} ${NOTHING_CHANGED}` }, { cause: failure.cause })
  if (isInsecure(failure)) {
    const cure = 'Name the file of the authority in the url (sslrootcert), or another sslmode.'
    return error('postgres/no-tls', `No safe connection to ${name} can be made`, cure)
  }
  if (state === undefined || state.startsWith('28')) {
    return error('state/unauthorized', `The state at ${name} is not open to us`, 'Check user and password in the url of the state.')
  }
  if (state === '42501') {
    return error(
      'postgres/denied',
      `The user of the state at ${name} may not keep one there`,
      `Let it make a schema in this database, or give it the schema ${schema}.`,
    )
  }
  if (state === '3D000')
    return error('postgres/not-there', `There is no database at ${name}`, 'Create the database, or correct the url of the state.')
  return error('postgres/refused', `PostgreSQL at ${name} refused`, `That is its error ${state}.`)
}

export function missingSchema({ name, schema }: FailedDatabase): OperationError {
  return new OperationError({
    code: 'postgres/not-there',
    summary: `There is no schema ${schema} at ${name}`,
    detail: `skip_schema_creation says that it is made by somebody else. Create it:\n  CREATE SCHEMA ${schema}\n${NOTHING_CHANGED}`,
  })
}

export function foreignTables({ name, schema }: FailedDatabase): OperationError {
  return new OperationError({
    code: 'postgres/foreign-tables',
    summary: `The schema ${schema} at ${name} is of another program`,
    detail: `It has a table "meta" that flowrun did not make. Give the state a schema of its own: schema = "flowrun_state". ${NOTHING_CHANGED}`,
  })
}

export interface NewerFormat {
  readonly writtenBy: string
  readonly format: number
  readonly known: number
  readonly flowrunVersion: string
}

export function newerFormat({ name }: FailedDatabase, { writtenBy, format, known, flowrunVersion }: NewerFormat): OperationError {
  return new OperationError({
    code: 'state/newer-format',
    summary: `The tables at ${name} were made by flowrun ${writtenBy}, and this is flowrun ${flowrunVersion}`,
    detail: `They have format ${format}; this flowrun knows formats up to ${known}. Upgrade flowrun to ${writtenBy} or later. ${NOTHING_CHANGED}`,
  })
}

/** SASL is begun with a password, and there is none. */
function isPasswordMissing({ cause }: DriverFailure): boolean {
  return cause instanceof Error && cause.message.startsWith('SASL')
}

/** The server has no TLS, or a certificate that does not convince. */
function isInsecure({ cause }: DriverFailure): boolean {
  if (!(cause instanceof Error)) return false
  if (cause.message === 'The server does not support SSL connections') return true
  return 'code' in cause && typeof cause.code === 'string' && /CERT|^UNABLE_TO_|^ERR_(TLS|SSL)_|^HOSTNAME_MISMATCH$/.test(cause.code)
}

/** Node tells of several addresses of one host by an error without text of its own. */
function messageOf({ cause }: DriverFailure): string {
  const error = cause instanceof AggregateError && cause.message === '' ? cause.errors.at(-1) : cause
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}
