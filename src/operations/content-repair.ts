import { mapConcurrently } from '../base/concurrent.ts'
import type { Digest } from '../base/digest.ts'
import { readMoves } from '../config/blocks/refactoring.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import { type Content, contentOf, uploadBatches } from '../registry/content.ts'
import type { Registry } from '../registry/registry.ts'
import { loadWithVersions } from './configured-versions.ts'
import { openStoresOf } from './deployed.ts'
import { loadProject, type OperationHost, openProject, type Project, type ProjectOptions } from './project.ts'
import type { Stores } from './stores.ts'
import { readVersionNumbers } from './version-numbers.ts'

const CONCURRENT_READS = 8
/** What a content can be that is not as it was published; anything else that a store says concerns all of them. */
const DAMAGES: ReadonlySet<DiagnosticCode> = new Set(['content/missing', 'content/altered', 'content/cannot-decrypt'])

export interface ContentRepairOptions extends ProjectOptions {
  readonly variables: readonly VariableFlag[]
}

export interface ContentRepair {
  readonly environment: string
  /** Versions whose contents were read. */
  readonly checked: number
  readonly damaged: readonly DamagedContent[]
}

export interface DamagedContent {
  readonly address: string
  readonly version: number
  readonly digest: Digest
  readonly problem: DiagnosticCode
  /** The working copy has this very text, and it was put back. */
  readonly repaired: boolean
}

export type ContentRepairResult =
  | { readonly outcome: 'repaired'; readonly repair: ContentRepair }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/**
 * Reads the contents of what is active in an environment, and of versions that the working copy has, and puts back those
 * that are lost or altered and that the working copy has, by digest (GC-2). It publishes nothing.
 *
 * @throws OperationError of the stores.
 */
export async function repairContents(host: OperationHost, options: ContentRepairOptions): Promise<ContentRepairResult> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const stores = await openStoresOf(host, project, 'write')
  try {
    const here = await workingCopy(host, project, stores, options, report)
    if (here === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
    return { outcome: 'repaired', repair: await repair(stores.registry, project.environment.name, here) }
  } finally {
    await stores.close()
  }
}

type Published = Pick<DamagedContent, 'address' | 'version' | 'digest'>

/** The contents that the configuration compiles to, with their addresses. */
async function workingCopy(host: OperationHost, project: Project, { registry }: Stores, options: ContentRepairOptions, report: Report) {
  const { pointers } = await registry.pointers(project.environment.name)
  const versions = await readVersionNumbers(registry, readMoves(project.parsed))
  const { configuration } = await loadWithVersions(
    (asking, attempt) => loadProject(host, project, { variables: options.variables, ...asking }, attempt, false),
    { registry, pointers, versions },
    report,
  )
  return configuration?.blocks.map(block => ({ address: block.address, content: contentOf(block) }))
}

async function repair(
  registry: Registry,
  environment: string,
  here: readonly { readonly address: string; readonly content: Content }[],
): Promise<ContentRepair> {
  const { pointers } = await registry.pointers(environment)
  const found =
    here.length > 0 ? await registry.findVersions(here.map(({ address, content }) => ({ address, digest: content.digest }))) : []
  const published = new Map<string, Published>()
  for (const version of [...pointers.values(), ...found]) if (version) published.set(`${version.address} ${version.digest}`, version)
  const problems = await mapConcurrently([...published.values()], CONCURRENT_READS, version => problemOf(registry, version))
  const contents = new Map(here.map(({ content }) => [content.digest, content]))
  const damaged = [...published.values()].flatMap(({ address, version, digest }, index): readonly DamagedContent[] => {
    const problem = problems[index]
    return problem === undefined ? [] : [{ address, version, digest, problem, repaired: contents.has(digest) }]
  })
  const wanted = new Set(damaged.map(({ digest }) => digest))
  for (const batch of uploadBatches([...contents.values()].filter(({ digest }) => wanted.has(digest)))) await registry.uploadContents(batch)
  return { environment, checked: published.size, damaged: damaged.toSorted((a, b) => (a.address < b.address ? -1 : 1)) }
}

async function problemOf(registry: Registry, { address, digest }: Published): Promise<DiagnosticCode | undefined> {
  try {
    await registry.artifacts([{ address, digest }])
    return undefined
  } catch (error) {
    if (error instanceof OperationError && DAMAGES.has(error.code)) return error.code
    throw error
  }
}
