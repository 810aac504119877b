import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Digest } from '../../base/digest.ts'
import type { Report } from '../../diagnostics/report.ts'
import type { Source } from '../../diagnostics/source.ts'
import type { Block } from '../../hcl/ast.ts'
import { EXPRESSION_STEPS } from '../../hcl/function.ts'
import { parseConfig } from '../../hcl/parser.ts'
import { printString } from '../../hcl/print-template.ts'
import { EMPTY_SCOPE } from '../../hcl/scope.ts'
import { byCodePoint } from '../../hcl/value.ts'
import { text } from '../decode/argument.ts'
import { type BodySpec, checkLabels, decodeBody, required } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import type { LockedServer } from '../locked-tools.ts'
import { readUtf8 } from '../parsed.ts'
import { lockedServerBody, printServer, toLockedServer } from './locked-server.ts'
import { type GitSource, repositoryName } from './source.ts'

export const LOCK_FILE = '.flowrun.lock.hcl'

/** One version of a repository, as `flowrun init` found it. */
export interface LockedModule {
  /** `git::https://example.com/kb.git`. */
  readonly repository: string
  readonly ref: string
  /** All hex digits. */
  readonly commit: string
  /** Of the files, by `treeDigest`. */
  readonly digest: Digest
}

/** What the file says, and its text, to which a saved plan is bound. */
export interface ModuleLock {
  readonly modules: readonly LockedModule[]
  readonly servers: readonly LockedServer[]
  readonly source?: Source
}

const lockedBody = {
  arguments: {
    ref: required(text()),
    commit: required(text({ pattern: /^[0-9a-f]{40}([0-9a-f]{24})?$/, shape: 'A commit is written with all of its digits.' })),
    digest: required(text({ pattern: /^sha256:[0-9a-f]{64}$/, shape: 'A digest is "sha256:" and 64 hex digits.' })),
  },
} as const satisfies BodySpec

/** Reads `.flowrun.lock.hcl` of a project; an absent one locks nothing. What is wrong with it is reported. */
export function readLock(root: string, workingDirectory: string, report: Report): ModuleLock {
  const path = join(root, LOCK_FILE)
  if (!existsSync(path)) return { modules: [], servers: [] }
  const name = relative(workingDirectory, path)
  const content = readUtf8(path, name, report)
  if (content === undefined) return { modules: [], servers: [] }
  const source: Source = { name, text: content }
  const { items } = parseConfig(source, report)
  const blocksOf = (type: string) => items.filter((item): item is Block => item.kind === 'block' && item.type === type)
  const site = siteOf(report)
  return {
    source,
    modules: blocksOf('module').flatMap(block => decodeModule(block, site) ?? []),
    servers: blocksOf('mcp').flatMap(block => decodeServer(block, site) ?? []),
  }
}

function siteOf(report: Report): BlockSite {
  const where = 'in the lock'
  const evaluation = { scope: EMPTY_SCOPE, functions: new Map(), report, budget: { remaining: EXPRESSION_STEPS } }
  return { address: where, where, evaluation, report }
}

function decodeServer(block: Block, site: BlockSite): LockedServer | undefined {
  if (!checkLabels(block, ['server'], site)) return undefined
  const decoded = decodeBody(block.body, lockedServerBody, site, block)
  return decoded && toLockedServer(block.labels[0]?.text ?? '', decoded)
}

function decodeModule(block: Block, site: BlockSite): LockedModule | undefined {
  if (!checkLabels(block, ['source'], site)) return undefined
  const decoded = decodeBody(block.body, lockedBody, site, block)
  // The pattern of the argument has looked at it.
  return decoded && { repository: block.labels[0]?.text ?? '', ...decoded, digest: decoded.digest as Digest }
}

export function findLocked(lock: Pick<ModuleLock, 'modules'>, source: GitSource): LockedModule | undefined {
  return lock.modules.find(({ repository, ref }) => repository === repositoryName(source) && ref === source.ref)
}

/** The text of the file, sorted, so that two people who fetch the same get the same. */
export function printLock({ modules, servers }: Pick<ModuleLock, 'modules' | 'servers'>): string {
  const key = ({ repository, ref }: LockedModule) => `${repository} ${ref}`
  const blocks = [...modules].sort((a, b) => byCodePoint(key(a), key(b))).map(printLocked)
  const tools = [...servers].sort((a, b) => byCodePoint(a.server, b.server)).map(printServer)
  const what = servers.length > 0 ? (modules.length > 0 ? 'modules and tools' : 'tools') : 'modules'
  return [`# Written by flowrun init. Commit it: with it everybody plans with the same ${what}.\n`, ...blocks, ...tools].join('\n')
}

function printLocked({ repository, ref, commit, digest }: LockedModule): string {
  return `module ${printString(repository)} {\n  ref    = ${printString(ref)}\n  commit = "${commit}"\n  digest = "${digest}"\n}\n`
}
