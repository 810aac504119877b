import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Digest } from '../../base/digest.ts'
import { fetchedFolder } from '../../config/modules/fetched.ts'

/** What a killed fetch or removal leaves is taken away after this time; git itself is ended after 10 minutes. */
const ABANDONED_MS = 3_600_000

/**
 * Removes the fetched trees that are not among these, and what was abandoned. A tree gets another name first: one that has a
 * digest for its name is whole, whenever this is killed.
 *
 * @throws the system's error when something cannot be removed.
 */
export function pruneModules(root: string, kept: readonly Digest[], nowMs: number): void {
  const modules = join(root, '.flowrun', 'modules')
  const keptNames = new Set(kept.map(digest => basename(fetchedFolder(root, digest))))
  for (const entry of entriesOf(modules)) {
    const path = join(modules, entry.name)
    if (/^[0-9a-f]{64}$/.test(entry.name)) {
      if (keptNames.has(entry.name)) continue
      const going = join(modules, `removing-${entry.name}-${process.pid}`)
      renameSync(path, going)
      rmSync(going, { recursive: true, force: true })
    } else if (/^(fetching|removing)-/.test(entry.name) && isAbandoned(path, nowMs)) {
      rmSync(path, { recursive: true, force: true })
    }
  }
}

/** Folders alone: a link is followed nowhere. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory())
  } catch {
    return []
  }
}

function isAbandoned(path: string, nowMs: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats !== undefined && nowMs - stats.mtimeMs > ABANDONED_MS
}
