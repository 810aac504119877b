import { isJsonObject } from '../../base/json.ts'
import type { StateWrite } from '../../registry/release.ts'
import type { StateRow } from '../../registry/sqlite/state-rows.ts'

const STORED_FORMAT = 'flowrun.stored-state/1'
/** Digits of a serial in the key of a snapshot, so that S3 lists them in their order. */
const SERIAL_DIGITS = 10

/** Where the objects of one environment's state are, below the `key` of its settings. */
export interface StateKeys {
  readonly state: string
  readonly lock: string
  /** Earlier states are `SNAPSHOTS 0000000007.json`, without the blank. */
  readonly snapshots: string
}

export function stateKeys(key: string, project: string, environment: string): StateKeys {
  const state = `${key}/${project}/${environment}.json`
  return { state, lock: `${state}.tflock`, snapshots: `${key}/${project}/${environment}.history/` }
}

export function snapshotKey({ snapshots }: StateKeys, serial: number): string {
  return `${snapshots}${String(serial).padStart(SERIAL_DIGITS, '0')}.json`
}

/** Undefined for an object that somebody else has put there. */
export function serialOf({ snapshots }: StateKeys, key: string): number | undefined {
  const digits = /^(\d+)\.json$/.exec(key.slice(snapshots.length))?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The text of an object: the encoded state, with what is to be known of it where the state itself is encrypted or damaged. */
export function encodeStored({ lineage, serial, digest, blocks, body }: StateWrite, nowMs: number): string {
  const written_at = new Date(nowMs).toISOString()
  return `${JSON.stringify({ format: STORED_FORMAT, lineage, serial, digest, blocks, written_at, body })}\n`
}

/** What an object says of itself, unverified; undefined when it is no stored state at all. */
export function decodeStored(text: string): StateRow | undefined {
  const stored = parsed(text)
  if (!isJsonObject(stored) || stored.format !== STORED_FORMAT) return undefined
  const { lineage, serial, digest, blocks, written_at, body } = stored
  if (typeof lineage !== 'string' || typeof serial !== 'number' || typeof digest !== 'string') return undefined
  if (typeof blocks !== 'number' || typeof written_at !== 'string' || typeof body !== 'string') return undefined
  return { lineage, serial, digest, blocks, writtenAtMs: Date.parse(written_at) || 0, body }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
