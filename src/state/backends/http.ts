import type { Clock } from '../../base/clock.ts'
import type { StateVersion, StateWrite } from '../../registry/release.ts'
import type { StateBackend, StateWriteOutcome } from '../backend.ts'
import type { StateCodec } from '../codec.ts'
import { decodeLockInfo } from '../lock-info.ts'
import { lockedState } from '../locking.ts'
import { corrupt, decodeDocument, encodeDocument, requireIntact, type StateDocument, type StatePlace } from './http/document.ts'
import { unexpected } from './http/failure.ts'
import { createLocks, type HttpLocks, noLocks } from './http/locks.ts'
import { createTransport, type HttpAccess, type HttpTransport, md5, shownAddress } from './http/transport.ts'

/** Terraform's HTTP protocol: one address is the state of one environment. */
export interface HttpStateOptions {
  readonly project: string
  readonly codec: StateCodec
  readonly clock: Clock
  readonly flowrunVersion: string
  readonly address: string
  readonly updateMethod: string
  /** Undefined: the server locks nothing. */
  readonly lock:
    | { readonly address: string; readonly method: string; readonly unlockAddress: string; readonly unlockMethod: string }
    | undefined
  readonly access: HttpAccess
}

/** Comparisons before a server that refuses what it has just shown is given up. */
const MAX_COMPARISONS = 3

export function createHttpStateBackend(options: HttpStateOptions): StateBackend {
  const { project, codec, clock, flowrunVersion, address, updateMethod, lock, access } = options
  const name = shownAddress(address)
  const transport = createTransport(name, access)
  const locks = lock
    ? createLocks(transport, {
        lockAddress: lock.address,
        lockMethod: lock.method,
        unlockAddress: lock.unlockAddress,
        unlockMethod: lock.unlockMethod,
        clock,
        flowrunVersion,
      })
    : noLocks
  const placeOf = (environment: string): StatePlace => ({ name, project, environment })
  const store: HttpStore = { transport, locks, address, updateMethod, clock }
  return {
    name,
    codec,
    withRegistry: false,
    locksAreOpaque: true,
    async read(environment) {
      const place = placeOf(environment)
      const stored = await transport.retrying(() => get(store, place))
      if (stored.document === undefined) return undefined
      requireIntact(stored.document, place)
      const snapshot = await codec.decode(stored.document.body, environment)
      const { lineage, serial } = stored.document
      if (snapshot.lineage !== lineage || snapshot.serial !== serial)
        throw corrupt(place, `lineage and serial of the document (${serial}) are not those of its snapshot (${snapshot.serial})`)
      return snapshot
    },
    write: (environment, write) => transport.retrying(() => replace(store, placeOf(environment), write)),
    lock: (environment, holder) => locks.take(placeOf(environment), holder),
    currentLock: environment => locks.current(placeOf(environment)),
    forceUnlock: (environment, id) => locks.remove(placeOf(environment), id),
    // The protocol has the current state alone; what a server keeps of earlier ones is its own.
    history: async () => [],
    snapshot: async () => undefined,
    async currentVersion(environment) {
      const stored = await transport.retrying(() => get(store, placeOf(environment)))
      return stored.document && versionOf(stored.document)
    },
    close: () => transport.close(),
  }
}

interface HttpStore {
  readonly transport: HttpTransport
  readonly locks: HttpLocks
  readonly address: string
  readonly updateMethod: string
  readonly clock: Clock
}

interface Stored {
  /** Undefined: there is no state. */
  readonly document: StateDocument | undefined
  /** What makes a write true only as long as this stands there; none of a weak ETag, which stands for several texts. */
  readonly condition: Readonly<Record<string, string>>
}

/** Once. An answer without a body is no state, as for Terraform. */
async function get({ transport, address }: HttpStore, place: StatePlace): Promise<Stored> {
  const answer = await transport.ask({ method: 'GET', url: address })
  if (answer.status === 404 || answer.status === 204) return { document: undefined, condition: { 'if-none-match': '*' } }
  if (answer.status !== 200) throw unexpected(place.name, `It answers GET with ${answer.status}.`)
  const expected = answer.header('content-md5')
  if (expected !== undefined && expected !== md5(answer.body)) throw corrupt(place, 'what arrived does not match its Content-MD5')
  const etag = answer.header('etag')
  return {
    document: answer.body.length === 0 ? undefined : decodeDocument(answer.body.toString(), place),
    condition: etag?.startsWith('"') ? { 'if-match': etag } : {},
  }
}

/**
 * Once: compares, then writes. Where the server gives an ETag the two are one step; else the lock keeps others out in between.
 * An answer that is lost leads here again, and then the text is there already.
 */
async function replace(store: HttpStore, place: StatePlace, write: StateWrite): Promise<StateWriteOutcome> {
  const { transport, locks, address, updateMethod, clock } = store
  const body = encodeDocument(write, place)
  for (let comparison = 1; ; comparison++) {
    const { document, condition } = await get(store, place)
    const found = document ? versionOf(document) : null
    if (document?.digest === write.digest && isSame(found, write)) return { outcome: 'written' }
    if (!isSame(found, write.expected)) return { outcome: 'conflict', found }
    const answer = await transport.ask({ method: updateMethod, url: withLockId(address, locks.heldId), body, headers: condition })
    const { status } = answer
    if (status >= 200 && status < 300) return { outcome: 'written' }
    if (status === 409 || status === 423) {
      locks.lose()
      throw lockedState(decodeLockInfo(answer.body.toString(), place.environment, clock.now()), clock.now())
    }
    if (status !== 412 || comparison === MAX_COMPARISONS) throw unexpected(place.name, `It answers ${updateMethod} with ${status}.`)
  }
}

function versionOf({ lineage, serial }: StateVersion): StateVersion {
  return { lineage, serial }
}

function isSame(one: StateVersion | null, other: StateVersion | null): boolean {
  return one?.lineage === other?.lineage && one?.serial === other?.serial
}

function withLockId(address: string, id: string | undefined): string {
  if (id === undefined) return address
  const url = new URL(address)
  url.searchParams.set('ID', id)
  return url.href
}
