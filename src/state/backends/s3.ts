import type { Bucket, PutCondition } from '../../aws/bucket.ts'
import type { Clock } from '../../base/clock.ts'
import { mapConcurrently } from '../../base/concurrent.ts'
import { lazy } from '../../base/lazy.ts'
import type { StateVersion, StateWrite } from '../../registry/release.ts'
import { SNAPSHOTS_KEPT } from '../../registry/sqlite/state-history.ts'
import type { StateRow } from '../../registry/sqlite/state-rows.ts'
import type { SnapshotSummary, StateBackend, StateWriteOutcome } from '../backend.ts'
import { plainCodec, type StateCodec } from '../codec.ts'
import { corruptState } from '../corrupt-state.ts'
import { isIntact } from '../encoding.ts'
import { requireConditions } from './s3-conditions.ts'
import { giveUpLock, type LockObject, lockOf, takeLock } from './s3-lock.ts'
import { decodeStored, encodeStored, type StateKeys, serialOf, snapshotKey, stateKeys } from './s3-objects.ts'

/** Answers that tell of another write under way, before it is told as a conflict. */
const TRIES = 3
const CONCURRENT_REQUESTS = 8

export interface S3StateOptions {
  readonly bucket: Bucket
  /** Begins the keys of all objects: `flowrun` gives `flowrun/PROJECT/ENVIRONMENT.json`. */
  readonly key: string
  readonly project: string
  readonly clock: Clock
  readonly keep?: number
  readonly codec?: StateCodec
  /** Called by `close`. */
  readonly onClose?: () => void
}

/** An object as it is now. */
interface Stored extends StateRow {
  readonly etag: string
  /** The object, as it is: what is kept as a snapshot. */
  readonly text: string
}

/** A state as an object of a bucket. Writing it under a condition on its ETag is the compare-and-swap. */
export function createS3StateBackend(options: S3StateOptions): StateBackend {
  const { bucket, project, clock, keep = SNAPSHOTS_KEPT, codec = plainCodec, onClose = () => {} } = options
  const key = options.key.replace(/\/+$/, '')
  const keysOf = (environment: string): StateKeys => stateKeys(key, project, environment)
  const snapshotsOf = (environment: string) => readSnapshots(bucket, keysOf(environment))
  const lockObject = (environment: string): LockObject => ({ bucket, key: keysOf(environment).lock, environment, clock })
  const conditions = lazy(() => requireConditions(bucket, `${key}/conditions.json`))
  const corrupt = (environment: string, objectKey: string, found: StateRow, history: readonly SnapshotSummary[]) =>
    corruptState({ store: `${bucket.name}/${objectKey}`, environment, found, history })

  async function earlier(environment: string): Promise<readonly SnapshotSummary[]> {
    const [current, rows] = await Promise.all([readStored(bucket, keysOf(environment)), snapshotsOf(environment)])
    // A write that was refused has kept what is current still.
    return rows.filter(({ serial }) => !current || serial < current.serial).map(summary)
  }
  return {
    name: `${bucket.name}/${key}`,
    codec,
    withRegistry: false,
    async read(environment) {
      const keys = keysOf(environment)
      const stored = await readStored(bucket, keys)
      if (!stored) return undefined
      // A history that cannot be read either has no snapshot to go back to; the damage of the state is what to tell.
      if (!isIntact(stored)) throw corrupt(environment, keys.state, stored, await earlier(environment).catch(() => []))
      return codec.decode(stored.body, environment)
    },
    async write(environment, write) {
      await conditions.get()
      return replaceState(bucket, keysOf(environment), write, { nowMs: clock.now(), keep })
    },
    async lock(environment, holder) {
      await conditions.get()
      return takeLock(lockObject(environment), holder)
    },
    currentLock: environment => lockOf(lockObject(environment)),
    forceUnlock: (environment, id) => giveUpLock(lockObject(environment), id),
    history: earlier,
    async snapshot(environment, serial) {
      const at = snapshotKey(keysOf(environment), serial)
      const found = await bucket.get(at)
      if (!found) return undefined
      const row = decodeStored(found.body) ?? unreadable(found.body, '', serial)
      if (!isIntact(row)) throw corrupt(environment, at, row, await earlier(environment))
      return codec.decode(row.body, environment)
    },
    async currentVersion(environment) {
      const found = await readStored(bucket, keysOf(environment))
      return found && versionOf(found)
    },
    close: async () => onClose(),
  }
}

async function readStored(bucket: Bucket, keys: StateKeys): Promise<Stored | undefined> {
  const found = await bucket.get(keys.state)
  if (!found) return undefined
  const row = decodeStored(found.body) ?? (await unreadableState(bucket, keys, found.body))
  return { ...row, etag: found.etag, text: found.body }
}

/** No stored state at all. It must have followed the newest snapshot, so that a restore can name what it replaces. */
async function unreadableState(bucket: Bucket, keys: StateKeys, text: string): Promise<StateRow> {
  const [newest] = await readSnapshots(bucket, keys)
  return unreadable(text, newest?.lineage ?? '', (newest?.serial ?? 0) + 1)
}

function unreadable(text: string, lineage: string, serial: number): StateRow {
  return { lineage, serial, digest: 'sha256:unknown', blocks: 0, writtenAtMs: 0, body: text }
}

/** Newest first. */
async function readSnapshots(bucket: Bucket, keys: StateKeys): Promise<readonly StateRow[]> {
  const serials = (await listSnapshots(bucket, keys)).toReversed()
  const rows = await mapConcurrently(serials, CONCURRENT_REQUESTS, async serial => {
    const found = await bucket.get(snapshotKey(keys, serial))
    return found && (decodeStored(found.body) ?? unreadable(found.body, '', serial))
  })
  return rows.filter(row => row !== undefined)
}

/** Serials, oldest first. */
async function listSnapshots(bucket: Bucket, keys: StateKeys): Promise<readonly number[]> {
  const listed = await bucket.list(keys.snapshots)
  return listed.flatMap(key => serialOf(keys, key) ?? []).sort((a, b) => a - b)
}

async function replaceState(
  bucket: Bucket,
  keys: StateKeys,
  write: StateWrite,
  { nowMs, keep }: { readonly nowMs: number; readonly keep: number },
): Promise<StateWriteOutcome> {
  let current: Stored | undefined
  for (let left = TRIES; left > 0; left--) {
    current = await readStored(bucket, keys)
    // Also after a write whose answer was lost: the SDK asked again, and was told of a conflict with itself (STORE-8).
    if (current && current.digest === write.digest && isSame(current, write)) return { outcome: 'written' }
    if (!isSame(current, write.expected)) break
    // One that does not match its digest is not worth keeping (STA-9).
    if (current && isIntact(current)) await bucket.put(snapshotKey(keys, current.serial), current.text)
    const condition: PutCondition = current ? { etag: current.etag } : 'absent'
    const { outcome } = await bucket.putIf(keys.state, encodeStored(write, nowMs), condition)
    if (outcome === 'conflict') continue
    await forgetSnapshots(bucket, keys, keep).catch(() => {
      // The state is written; the next write forgets them.
    })
    return { outcome: 'written' }
  }
  return { outcome: 'conflict', found: current ? versionOf(current) : null }
}

async function forgetSnapshots(bucket: Bucket, keys: StateKeys, keep: number): Promise<void> {
  const serials = await listSnapshots(bucket, keys)
  await mapConcurrently(serials.slice(0, -keep), CONCURRENT_REQUESTS, serial => bucket.delete(snapshotKey(keys, serial)))
}

function isSame(found: StateVersion | undefined, expected: StateVersion | null): boolean {
  return found?.lineage === expected?.lineage && found?.serial === expected?.serial
}

function versionOf({ lineage, serial }: StateVersion): StateVersion {
  return { lineage, serial }
}

function summary({ lineage, serial, digest, blocks, writtenAtMs, body }: StateRow): SnapshotSummary {
  return { lineage, serial, digest, blocks, writtenAtMs, intact: isIntact({ digest, body }) }
}
