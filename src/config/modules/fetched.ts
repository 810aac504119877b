import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, digestOf, digestOfText, shortDigest } from '../../base/digest.ts'
import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { Report } from '../../diagnostics/report.ts'
import { byCodePoint } from '../../hcl/value.ts'
import { findLocked, type LockedModule, type ModuleLock, readLock } from './lock.ts'
import { formatGitSource, type GitSource } from './source.ts'

/** Answers with the folder that holds a version of a repository, or says why there is none. */
export interface FetchedModules {
  /** @returns an absolute folder, or the message that stands at the `source` of the call. */
  folderOf(source: GitSource): string | Pick<DiagnosticInput, 'code' | 'summary' | 'detail'>
  /** Absent where there is none to look into. */
  lock(): ModuleLock | undefined
}

/** The folder of the files that have the digest. */
export function fetchedFolder(root: string, digest: Digest): string {
  return join(root, '.flowrun', 'modules', digest.slice('sha256:'.length))
}

/** Modules that `flowrun init` has fetched, checked against the lock: nothing is fetched here. */
export function createFetchedModules(root: string, workingDirectory: string, report: Report): FetchedModules {
  let lock: ModuleLock | undefined
  const folders = new Map<Digest, ReturnType<FetchedModules['folderOf']>>()
  return {
    lock: () => (lock ??= readLock(root, workingDirectory, report)),
    folderOf(source) {
      lock ??= readLock(root, workingDirectory, report)
      const locked = findLocked(lock, source)
      if (locked === undefined) return notFetched(source, 'It is not in .flowrun.lock.hcl')
      const known = folders.get(locked.digest) ?? verified(root, source, locked)
      folders.set(locked.digest, known)
      return known
    },
  }
}

function verified(root: string, source: GitSource, { digest }: LockedModule): ReturnType<FetchedModules['folderOf']> {
  const folder = fetchedFolder(root, digest)
  const found = treeDigest(folder)
  if (found === undefined) return notFetched(source, 'Its files are not on this machine')
  if (found === digest) return folder
  return {
    code: 'config/module-altered',
    summary: `The files of ${formatGitSource(source)} are not those of the lock`,
    detail: `The lock says ${shortDigest(digest)}, and the files have ${shortDigest(found)}. Whoever changed them, fetch them again:\n  flowrun init`,
  }
}

function notFetched(source: GitSource, why: string): Pick<DiagnosticInput, 'code' | 'summary' | 'detail'> {
  return {
    code: 'config/module-not-fetched',
    summary: `${formatGitSource(source)} is not fetched`,
    detail: `${why}. Fetch it:\n  flowrun init`,
  }
}

/**
 * The digest of all files below a folder: paths and what they hold; links by where they lead.
 *
 * @returns undefined when there is no such folder, or a part of it cannot be read.
 */
export function treeDigest(folder: string): Digest | undefined {
  try {
    return digestOf([...entriesBelow(folder, '')].sort(([a], [b]) => byCodePoint(a, b)))
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

type TreeEntry = readonly [path: string, kind: 'file' | 'link', digest: Digest]

function* entriesBelow(folder: string, prefix: string): Iterable<TreeEntry> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [path, name] = [join(folder, entry.name), prefix + entry.name]
    if (entry.isDirectory()) yield* entriesBelow(path, `${name}/`)
    else if (entry.isSymbolicLink()) yield [name, 'link', digestOfText(readlinkSync(path))]
    else yield [name, 'file', digestOfText(readFileSync(path))]
  }
}
