import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mapConcurrently } from '../../base/concurrent.ts'
import { systemErrorSentence } from '../../base/system-error.ts'
import type { LockedServer } from '../../config/locked-tools.ts'
import { type FetchedModules, fetchedFolder, treeDigest } from '../../config/modules/fetched.ts'
import { findLocked, LOCK_FILE, type LockedModule, type ModuleLock, printLock, readLock } from '../../config/modules/lock.ts'
import { formatGitSource, type GitSource } from '../../config/modules/source.ts'
import { readModules } from '../../config/modules/tree.ts'
import { type ParsedConfiguration, parseConfiguration } from '../../config/parsed.ts'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { Report } from '../../diagnostics/report.ts'
import type { OperationHost } from '../project.ts'
import { type FetchProblem, type Found, fetchCommit, resolveRef, toLocked } from './fetch.ts'
import { createGit, type Git } from './git.ts'
import { pruneModules } from './prune.ts'
import { type AskedServer, type AskedServers, askServers, namesServers } from './tool-servers.ts'

/** Repositories that are fetched at once. */
const FETCHES = 4

export interface PrepareOptions {
  /** Absolute: the folder of the project. */
  readonly root: string
  /** Asks again which commit a tag names. */
  readonly upgrade: boolean
  readonly signal?: AbortSignal
  /** Before each fetch. */
  readonly onFetching: (source: string) => void
  /** Before each MCP server is asked for its tools. */
  readonly onAsking?: (server: string) => void
}

export type Prepared =
  | {
      readonly outcome: 'prepared'
      readonly modules: readonly PreparedModule[]
      readonly servers: readonly AskedServer[]
      readonly lock: 'written' | 'same'
      readonly warnings: readonly Diagnostic[]
    }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

export interface PreparedModule {
  /** `git::https://example.com/kb.git?ref=v1.2.0`. */
  readonly source: string
  readonly commit: string
  /** `upgraded`: the lock named another commit before. */
  readonly action: 'kept' | 'fetched' | 'upgraded'
}

interface Resolved extends PreparedModule {
  readonly locked: LockedModule
}

/**
 * Fetches the modules of repositories that a configuration calls, and those that these call, and writes the lock; trees that it does not name are removed. What is
 * here and as the lock says is left alone: nothing is contacted for it.
 *
 * @throws OperationError cli/cannot-write
 */
export async function prepareModules(host: OperationHost, options: PrepareOptions): Promise<Prepared> {
  const { root } = options
  const lockReport = new Report()
  const lock = readLock(root, host.workingDirectory, lockReport)
  const git = createGit(host.processEnvironment, options.signal)
  const found = new Map<string, Found<Resolved>>()
  let hasServers = false
  for (;;) {
    const report = new Report()
    report.add(...lockReport.diagnostics)
    const wanted = new Map<string, GitSource>()
    const tree = readTree(host, root, folderFinder(root, found, wanted), report)
    hasServers = tree !== undefined && namesServers(tree)
    if (report.hasErrors && wanted.size === 0) return { outcome: 'invalid', diagnostics: report.diagnostics }
    if (wanted.size === 0) break
    const sources = [...wanted.values()]
    const results = await guarded(() => mapConcurrently(sources, FETCHES, source => resolve(source, { git, lock, options })))
    for (const [index, result] of results.entries()) found.set([...wanted.keys()][index] ?? '', result)
  }
  const modules = [...found.values()].flatMap(result => (result.ok ? [result.value] : []))
  const writeLock = async (servers: readonly LockedServer[], before: string | undefined): Promise<string | undefined> => {
    const isEmpty = modules.length === 0 && servers.length === 0
    const text = isEmpty && before === undefined ? undefined : printLock({ modules: modules.map(({ locked }) => locked), servers })
    if (text !== undefined && text !== before) await guarded(async () => writeFileSync(join(root, LOCK_FILE), text))
    return text
  }
  // Modules first: what they say of tools is read with them.
  const withModules = await writeLock(hasServers ? lock.servers : [], lock.source?.text)
  await guarded(async () =>
    pruneModules(
      root,
      modules.map(({ locked }) => locked.digest),
      host.clock.now(),
    ),
  )
  const shown = modules.map(({ source, commit, action }) => ({ source, commit, action }))
  const report = new Report()
  const asked = hasServers ? await askServers({ ...host, workingDirectory: root }, lock.servers, options, report) : NOBODY_ASKED
  if (asked === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const text = hasServers ? await writeLock(asked.servers, withModules) : withModules
  const isSame = text === lock.source?.text
  return { outcome: 'prepared', modules: shown, servers: asked.asked, lock: isSame ? 'same' : 'written', warnings: report.diagnostics }
}

const NOBODY_ASKED: AskedServers = { asked: [], servers: [] }

function readTree(host: OperationHost, root: string, fetched: FetchedModules, report: Report): ParsedConfiguration | undefined {
  const { workingDirectory } = host
  const parsed = parseConfiguration(root, workingDirectory, report)
  return parsed && readModules(parsed, { workingDirectory, functions: host.functions(host.processEnvironment), fetched }, report)
}

/** Answers with what was found, and notes what is still wanted: that is told when it cannot be had. */
function folderFinder(root: string, found: ReadonlyMap<string, Found<Resolved>>, wanted: Map<string, GitSource>): FetchedModules {
  return {
    lock: () => undefined,
    folderOf(source) {
      const name = formatGitSource(source)
      const result = found.get(name)
      if (result?.ok) return fetchedFolder(root, result.value.locked.digest)
      if (result === undefined) wanted.set(name, source)
      return result?.problem ?? { code: 'config/module-not-fetched', summary: `${name} is not fetched` }
    },
  }
}

interface Resolving {
  readonly git: Git
  readonly lock: ModuleLock
  readonly options: PrepareOptions
}

async function resolve(source: GitSource, { git, lock, options }: Resolving): Promise<Found<Resolved>> {
  const { root, upgrade } = options
  const name = formatGitSource(source)
  const locked = findLocked(lock, source)
  const isHere = locked !== undefined && treeDigest(fetchedFolder(root, locked.digest)) === locked.digest
  if (locked && isHere && !upgrade) return { ok: true, value: { source: name, commit: locked.commit, action: 'kept', locked } }
  options.onFetching(name)
  const ref: Found<string> = locked && !upgrade ? { ok: true, value: locked.commit } : await resolveRef(git, source, root)
  if (!ref.ok) return ref
  const commit = ref.value
  if (locked && isHere && commit === locked.commit) return { ok: true, value: { source: name, commit, action: 'kept', locked } }
  const digest = await fetchCommit(git, source, commit, root)
  if (!digest.ok) return digest
  if (locked && commit === locked.commit && digest.value !== locked.digest) return { ok: false, problem: otherFiles(name, commit) }
  const action = locked && commit !== locked.commit ? 'upgraded' : 'fetched'
  return { ok: true, value: { source: name, commit, action, locked: toLocked(source, commit, digest.value) } }
}

function otherFiles(name: string, commit: string): FetchProblem {
  return {
    code: 'config/module-altered',
    summary: `The files of ${name} are not those of the lock`,
    detail: `The lock and the repository name one commit, ${commit.slice(0, 8)}, with different files: somebody changed the lock. Take it from git again, or remove the module from it.`,
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new OperationError(
      { code: 'cli/cannot-write', summary: 'The modules of the project cannot be written', detail: systemErrorSentence(error) },
      { cause: error },
    )
  }
}
