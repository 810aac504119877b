import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block } from '../../hcl/ast.ts'
import { EXPRESSION_STEPS, type FunctionTable } from '../../hcl/function.ts'
import { argumentRange } from '../blocks/argument-range.ts'
import { decodeSource } from '../blocks/module.ts'
import { near } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { type ParsedConfiguration, type ParsedModule, parseFolder } from '../parsed.ts'
import { isInside } from '../project-files.ts'
import { createSettingsScope } from '../settings-scope.ts'
import { reportCycle } from '../trail.ts'
import type { FetchedModules } from './fetched.ts'
import type { ModuleSource } from './source.ts'

/** Modules that call modules that call …: nobody can read more. */
const MAX_DEPTH = 20

export interface TreeHost {
  readonly workingDirectory: string
  readonly functions: FunctionTable
  readonly fetched: FetchedModules
}

/** Where the reading stands: a folder, and the calls that led to it. */
interface Place {
  readonly parsed: ParsedConfiguration
  readonly boundary: string
  readonly isFetched: boolean
  readonly calls: readonly Call[]
}

interface Call {
  /** Absolute, links followed. */
  readonly folder: string
  readonly askedAt: SourceRange | undefined
}

/** What a source leads to. */
interface Target {
  readonly folder: string
  readonly boundary: string
  readonly isFetched: boolean
}

/**
 * Reads the modules that a configuration calls, and those that these call. Each folder is parsed once, however many
 * calls lead to it. What the lock says of MCP servers comes with them.
 */
export function readModules(root: ParsedConfiguration, host: TreeHost, report: Report): ParsedConfiguration {
  if (!root.blocks.some(isCall)) return withLock(root, host)
  const parsedFolders = new Map<string, ParsedConfiguration | undefined>()
  const whole = new Map<ParsedConfiguration, ParsedConfiguration>()

  function readCalls(place: Place): ParsedConfiguration {
    const modules = new Map<Block, ParsedModule>()
    for (const block of place.parsed.blocks.filter(isCall)) {
      const module = readCall(block, place)
      if (module) modules.set(block, module)
    }
    const isPartial = place.parsed.isPartial || [...modules.values()].some(module => module.isPartial)
    return { ...place.parsed, modules, isPartial }
  }

  function readCall(block: Block, place: Place): ParsedModule | undefined {
    const site = siteOf(block, place.parsed, host, report)
    const source = decodeSource(block, site)
    const target = source && targetOf(source, block, place, site, host)
    if (target === undefined) return undefined
    const askedAt = argumentRange(block, 'source')
    const real = realpathSync(target.folder)
    if (isEndless({ folder: real, askedAt }, place, host, report)) return undefined
    if (!parsedFolders.has(real)) parsedFolders.set(real, parseFolder(target.folder, host.workingDirectory, report))
    const parsed = parsedFolders.get(real)
    if (parsed === undefined) return reportNoModule(block, target.folder, site, host)
    const read = whole.get(parsed) ?? readCalls({ ...target, parsed, calls: [...place.calls, { folder: real, askedAt }] })
    whole.set(parsed, read)
    return { ...read, boundary: target.boundary, isFetched: target.isFetched }
  }

  const rootFolder = realpathSync(root.root)
  const read = readCalls({ parsed: root, boundary: root.root, isFetched: false, calls: [{ folder: rootFolder, askedAt: undefined }] })
  return withLock(read, host)
}

function withLock(read: ParsedConfiguration, { fetched }: TreeHost): ParsedConfiguration {
  const { source, servers = [] } = fetched.lock() ?? {}
  return source ? { ...read, servers, lock: source } : read
}

function isCall(block: Block): boolean {
  return block.type === 'module'
}

function siteOf(block: Block, parsed: ParsedConfiguration, { functions }: TreeHost, report: Report): BlockSite {
  const where = `in module "${block.labels[0]?.text ?? ''}"`
  const scope = createSettingsScope(parsed, functions)
  return { address: where, where, evaluation: { scope, functions, report, budget: { remaining: EXPRESSION_STEPS } }, report }
}

/** The folder that a source names; undefined after an error was reported. */
function targetOf(source: ModuleSource, block: Block, place: Place, site: BlockSite, host: TreeHost): Target | undefined {
  const subject = argumentRange(block, 'source') ?? block.headerRange
  if (source.kind === 'git') {
    const found = host.fetched.folderOf(source)
    if (typeof found === 'string')
      return existing({ folder: join(found, source.folder), boundary: found, isFetched: true }, block, site, host)
    site.report.error({ ...found, subject, where: site.where })
    return undefined
  }
  const folder = resolve(place.parsed.root, source.path)
  const { boundary, isFetched } = place
  if (isInside(boundary, folder) && (!existsSync(folder) || isInside(realpathSync(boundary), realpathSync(folder))))
    return existing({ folder, boundary, isFetched }, block, site, host)
  site.report.error({
    code: 'config/outside-project',
    summary: `${JSON.stringify(source.path)} is outside of the ${isFetched ? 'repository' : 'project'}`,
    detail: isFetched
      ? 'A module that was fetched calls modules of its own repository, or names another by git::.'
      : 'A configuration must mean the same on every machine. Move the module into the project, or fetch it: source = "git::https://…?ref=TAG".',
    subject,
    where: site.where,
  })
  return undefined
}

function existing(target: Target, block: Block, site: BlockSite, host: TreeHost): Target | undefined {
  return existsSync(target.folder) ? target : reportNoModule(block, target.folder, site, host)
}

function reportNoModule(block: Block, folder: string, site: BlockSite, { workingDirectory }: TreeHost): undefined {
  const name = relative(workingDirectory, folder).split(sep).join('/') || '.'
  const beside = existsSync(folder) ? [] : foldersOf(dirname(folder))
  site.report.error({
    code: 'config/no-module',
    summary: `There is no module in ${name}`,
    detail: existsSync(folder) ? 'The folder has no file that ends in .flow.hcl.' : 'There is no such folder.',
    subject: argumentRange(block, 'source') ?? block.headerRange,
    where: site.where,
    ...near(basename(name), beside, `${dirname(name)}/`),
  })
}

function foldersOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [entry.name] : []))
}

/** A module that calls itself, alone or through others, has no end; one that is too deep has none that anybody can see. */
function isEndless(call: Call, { calls }: Place, { workingDirectory }: TreeHost, report: Report): boolean {
  const named = (folder: string) => relative(realpathSync(workingDirectory), folder).split(sep).join('/') || 'the root'
  const from = calls.findIndex(({ folder }) => folder === call.folder)
  if (from >= 0) {
    reportCycle(
      [...calls.slice(from), call].map(({ folder, askedAt }) => ({ name: named(folder), askedAt })),
      report,
    )
    return true
  }
  if (calls.length <= MAX_DEPTH) return false
  report.error({
    code: 'config/too-deep',
    summary: `${named(call.folder)} stands at the end of a chain of more than ${MAX_DEPTH} modules`,
    detail: 'Each of them calls the next one. Call some of them from the root.',
    ...(call.askedAt ? { subject: call.askedAt } : {}),
  })
  return true
}
