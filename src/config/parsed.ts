import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { systemErrorSentence } from '../base/system-error.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import type { Block, Body } from '../hcl/ast.ts'
import { parseConfig } from '../hcl/parser.ts'
import { parseAddress } from './address.ts'
import type { LockedServer } from './locked-tools.ts'

const SUFFIX = '.flow.hcl'
const NO_MODULES: ParsedConfiguration['modules'] = new Map()

/** All `*.flow.hcl` of one directory, merged: order of files and blocks has no meaning, but is kept for output. */
export interface ParsedConfiguration {
  /** Absolute. */
  readonly root: string
  readonly files: readonly ParsedFile[]
  /** Top-level blocks in order of file name, then position. */
  readonly blocks: readonly Block[]
  /** A file has a syntax error, or could not be read: what is there is not all that was written. */
  readonly isPartial: boolean
  /** What its `module` blocks call, where it could be read. */
  readonly modules: ReadonlyMap<Block, ParsedModule>
  /** The lock file, where there is one. */
  readonly lock?: Source
  /** What it says of MCP servers. */
  readonly servers?: readonly LockedServer[]
}

/** The configuration in the folder of a module. */
export interface ParsedModule extends ParsedConfiguration {
  /** Absolute: its functions read files below this folder only. That of the project, or of what was fetched. */
  readonly boundary: string
  /** It came from a repository: its files are pinned by the lock, and what is odd in it is not ours to change. */
  readonly isFetched: boolean
}

export interface ParsedFile {
  readonly source: Source
  readonly body: Body
}

/**
 * Reads and parses the configuration of a directory. Sources are named relative to `workingDirectory`, so that what is
 * printed can be opened from where the person stands.
 *
 * @returns undefined when there is no configuration; that is reported.
 */
export function parseConfiguration(root: string, workingDirectory: string, report: Report): ParsedConfiguration | undefined {
  const parsed = parseFolder(root, workingDirectory, report)
  if (parsed === undefined) {
    report.error({
      code: 'config/empty',
      summary: 'There is no configuration in this folder',
      detail: `${root} has no file that ends in ${SUFFIX}.\nMake a small project here with flowrun init, or name another folder: flowrun -chdir=DIR plan`,
    })
  }
  return parsed
}

/** The files of one folder, its modules not yet looked for; undefined when it has no configuration. */
export function parseFolder(root: string, workingDirectory: string, report: Report): ParsedConfiguration | undefined {
  const names = configurationFiles(root)
  if (names.length === 0) return undefined
  const errorsBefore = report.errorCount
  const files = names.flatMap(name => {
    const path = join(root, name)
    const text = readUtf8(path, relative(workingDirectory, path), report)
    if (text === undefined) return []
    const source: Source = { name: relative(workingDirectory, path), text }
    return [{ source, body: parseConfig(source, report) }]
  })
  const blocks = files.flatMap(file => file.body.items.filter(item => item.kind === 'block'))
  const isPartial = report.errorCount > errorsBefore
  for (const file of files) reportStrayArguments(file, report)
  return { root, files, blocks, isPartial, modules: NO_MODULES }
}

export function configurationFiles(root: string): readonly string[] {
  try {
    return readdirSync(root)
      .filter(name => name.endsWith(SUFFIX) && !name.startsWith('.'))
      .sort()
  } catch {
    return []
  }
}

export function findBlock({ blocks }: ParsedConfiguration, type: string, name: string): Block | undefined {
  return blocks.find(block => block.type === type && block.labels[0]?.text === name)
}

/** The block that an address names, in whichever module it stands. */
export function blockAt(root: ParsedConfiguration, address: string): Block | undefined {
  const parts = parseAddress(address)
  let parsed: ParsedConfiguration | undefined = root
  for (const { name } of parts?.modules ?? []) {
    const call: Block | undefined = parsed && findBlock(parsed, 'module', name)
    parsed = call && parsed?.modules.get(call)
  }
  return parts && parsed && findBlock(parsed, parts.kind, parts.name)
}

/** The text of a file, or undefined after `config/unreadable-file` or `config/not-utf8`. */
export function readUtf8(path: string, name: string, report: Report): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path))
  } catch (error) {
    if (error instanceof TypeError) {
      report.error({
        code: 'config/not-utf8',
        summary: `${name} is not UTF-8 text`,
        detail: 'Save it as UTF-8; flowrun reads no other encoding.',
      })
    } else {
      report.error({ code: 'config/unreadable-file', summary: `${name} cannot be read`, detail: systemErrorSentence(error) })
    }
    return undefined
  }
}

function reportStrayArguments(file: ParsedFile, report: Report): void {
  for (const item of file.body.items) {
    if (item.kind !== 'attribute') continue
    report.error({
      code: 'config/unsupported-argument',
      summary: `The argument "${item.name}" stands outside of a block`,
      detail: 'At the top of a file there are only blocks. A value with a name of its own goes into locals { … }.',
      subject: item.nameRange,
    })
  }
}
