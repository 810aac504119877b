import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordStore } from '../../../src/engine/durable/record-store.ts'
import { openRecords } from '../../support/runs.ts'

/** Works on an empty store, durable by a flush of the disk, in a directory that is removed. */
export async function inStore<T>(work: (store: RecordStore, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'flowrun-bench-'))
  const store = await openRecords(directory)
  try {
    return await work(store, directory)
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}
