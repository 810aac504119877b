import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Digest } from '../../base/digest.ts'
import { enumerate } from '../../base/enumerate.ts'
import { suggest } from '../../base/suggest.ts'
import { fetchedFolder, treeDigest } from '../../config/modules/fetched.ts'
import type { LockedModule } from '../../config/modules/lock.ts'
import { formatGitSource, type GitSource, repositoryName } from '../../config/modules/source.ts'
import { isInside } from '../../config/project-files.ts'
import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { Git, GitResult } from './git.ts'

/** Why a module is not there; whoever asked adds the place of its source. */
export type FetchProblem = Pick<DiagnosticInput, 'code' | 'summary' | 'detail' | 'suggestions'>

export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: FetchProblem }

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/

/** The commit that a tag names, or the one that is written; a branch is refused, for it moves. */
export async function resolveRef(git: Git, source: GitSource, folder: string): Promise<Found<string>> {
  if (COMMIT.test(source.ref)) return { ok: true, value: source.ref }
  const listed = await git(['ls-remote', '--tags', '--heads', source.url], folder)
  if (!listed.ok) return failed(source, listed)
  const commits = new Map(listed.output.split('\n').map(line => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? '']))
  // A tag with a message is an object of its own; behind ^{} is what it names.
  const commit = commits.get(`refs/tags/${source.ref}^{}`) ?? commits.get(`refs/tags/${source.ref}`)
  if (commit) return { ok: true, value: commit }
  const tags = [...commits.keys()].flatMap(ref => /^refs\/tags\/(.*[^}])$/.exec(ref)?.[1] ?? [])
  const nearest = suggest(source.ref, tags)
  const suggestions = nearest.length > 0 ? { suggestions: nearest } : {}
  if (commits.has(`refs/heads/${source.ref}`)) return { ok: false, problem: { ...branch(source, tags), ...suggestions } }
  return { ok: false, problem: { ...unknownRef(source, tags), ...suggestions } }
}

/**
 * Puts the files of a commit into the folder of their digest.
 *
 * @throws the system's error when the folder cannot be written.
 */
export async function fetchCommit(git: Git, source: GitSource, commit: string, root: string): Promise<Found<Digest>> {
  const modules = join(root, '.flowrun', 'modules')
  mkdirSync(modules, { recursive: true })
  const folder = mkdtempSync(join(modules, 'fetching-'))
  try {
    const problem = await checkOut(git, source, commit, folder)
    if (problem) return { ok: false, problem }
    rmSync(join(folder, '.git'), { recursive: true })
    const link = leadingOut(folder, folder)
    const digest = link === undefined ? treeDigest(folder) : undefined
    if (digest === undefined) return { ok: false, problem: badTree(source, link) }
    const place = fetchedFolder(root, digest)
    if (treeDigest(place) !== digest) {
      rmSync(place, { recursive: true, force: true })
      renameSync(folder, place)
    }
    return { ok: true, value: digest }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One commit, without history; a server that gives none by its digest is asked for the tag, and then for everything. */
async function checkOut(git: Git, source: GitSource, commit: string, folder: string): Promise<FetchProblem | undefined> {
  const made = await git(['init', '--quiet', '--template='], folder)
  if (!made.ok) return failed(source, made).problem
  const everything = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']
  const attempts = [
    ['--depth=1', source.url, commit],
    ...(COMMIT.test(source.ref) ? [] : [['--depth=1', source.url, `refs/tags/${source.ref}`]]),
    [source.url, ...everything],
  ]
  let last: GitResult = made
  for (const attempt of attempts) {
    last = await git(['fetch', '--quiet', '--no-tags', '--update-head-ok', ...attempt], folder)
    if (!last.ok) continue
    const there = await git(['checkout', '--quiet', '--force', '--detach', commit], folder)
    if (there.ok) return undefined
  }
  return last.ok ? unknownRef({ ...source, ref: commit }, []) : failed(source, last).problem
}

function failed(source: GitSource, result: GitResult): { readonly ok: false; readonly problem: FetchProblem } {
  const isMissing = !result.ok && result.notFound
  // Behind an empty line git gives general advice.
  const [said = ''] = result.ok ? [] : result.reason.replace(/^(fatal|error): /gm, '').split(/\n\s*\n/)
  const detail = isMissing
    ? 'There is no git on this machine, which fetches modules. Install it.'
    : `Git says:\n${said
        .split('\n')
        .map(line => `  ${line}`)
        .join('\n')}`
  return { ok: false, problem: { code: 'config/fetch-failed', summary: `${repositoryName(source)} cannot be fetched`, detail } }
}

function branch(source: GitSource, tags: readonly string[]): FetchProblem {
  return {
    code: 'config/moving-source',
    summary: `"${source.ref}" is a branch of ${repositoryName(source)}`,
    detail: `A branch moves, and a plan would mean something else tomorrow. Name a tag, or all digits of a commit. ${tagsSentence(tags)}`,
  }
}

function unknownRef(source: GitSource, tags: readonly string[]): FetchProblem {
  const isShort = /^[0-9a-f]{7,39}$/.test(source.ref)
  return {
    code: 'config/unknown-ref',
    summary: `${repositoryName(source)} has no ${COMMIT.test(source.ref) ? 'commit' : 'tag'} "${source.ref}"`,
    detail: isShort
      ? 'A commit is written with all of its digits.'
      : COMMIT.test(source.ref)
        ? 'It may be on no branch any more.'
        : tagsSentence(tags),
  }
}

/** The last ones, for they are the newest. */
function tagsSentence(tags: readonly string[]): string {
  if (tags.length === 0) return 'It has no tags.'
  const newest = enumerate(tags.slice(-5), 'and')
  if (tags.length > 5) return `It has ${tags.length} tags, among them ${newest}.`
  return tags.length === 1 ? `Its only tag is ${newest}.` : `Its tags are ${newest}.`
}

/** The first link that leads out of the tree: what it would read is not in the digest. */
function leadingOut(tree: string, folder: string): string | undefined {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const kind = lstatSync(path)
    if (kind.isSymbolicLink() && !isInside(tree, resolve(dirname(path), readlinkSync(path)))) return path.slice(tree.length + 1)
    const inner = kind.isDirectory() ? leadingOut(tree, path) : undefined
    if (inner !== undefined) return inner
  }
  return undefined
}

function badTree(source: GitSource, link: string | undefined): FetchProblem {
  return {
    code: 'config/fetch-failed',
    summary: `${formatGitSource(source)} cannot be used`,
    detail:
      link === undefined
        ? 'Its files cannot be read.'
        : `The link ${link} leads out of the repository, and what it reads would be in no digest.`,
  }
}

/** What the lock says of a version. */
export function toLocked(source: GitSource, commit: string, digest: Digest): LockedModule {
  return { repository: repositoryName(source), ref: source.ref, commit, digest }
}
