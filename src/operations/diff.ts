import { interfaceDigestOf } from '../artifact/interface.ts'
import { enumerate } from '../base/enumerate.ts'
import { suggest } from '../base/suggest.ts'
import { readMoves } from '../config/blocks/refactoring.ts'
import type { VariableFlag } from '../config/variables.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import type { Change, PlannedVersion } from '../plan/plan.ts'
import type { Registry } from '../registry/registry.ts'
import { loadWithVersions } from './configured-versions.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import { loadProject, type OperationHost, openProject, type Project } from './project.ts'
import { findVersion } from './show.ts'
import { readVersionNumbers } from './version-numbers.ts'

/** What differs between two versions, releases or environments, or from the working copy. */
export interface Comparison {
  /** `prompt.answer@7`, `prod@14`, `dev`, `working copy`. */
  readonly from: string
  readonly to: string
  readonly changes: readonly Change[]
  /** Addresses that are the same on both sides. */
  readonly same: number
}

export interface CompareOptions {
  readonly environment?: string
  /** For the working copy. */
  readonly variables: readonly VariableFlag[]
}

interface Side {
  readonly name: string
  readonly versions: ReadonlyMap<string, PlannedVersion>
}

/**
 * Compares two references: versions (`prompt.answer@7`), releases (`prod@14`) or environments (`dev`).
 *
 * @param to the default is the working copy.
 */
export function compare(host: OperationHost, from: string, to: string | undefined, options: CompareOptions): Promise<Deployed<Comparison>> {
  return readDeployed(host, options, async ({ registry }, project) => {
    const side = (reference: string) => sideOf(registry, project, reference)
    const before = await side(from)
    const after =
      to === undefined ? await workingCopy(host, registry, projectOf(host, project, from, options), before, options) : await side(to)
    return comparison(before, isAddress(from) && to !== undefined && isAddress(to) ? under(before, after) : after)
  })
}

function comparison(before: Side, after: Side): Comparison {
  const addresses = [...new Set([...before.versions.keys(), ...after.versions.keys()])]
  const changes = addresses.flatMap((address): readonly Change[] => {
    const [old, now] = [before.versions.get(address), after.versions.get(address)]
    const kind = (now ?? old)?.artifact.kind
    if (kind === undefined || old?.digest === now?.digest) return []
    const action = old === undefined ? 'create' : now === undefined ? 'delete' : 'update'
    const reason = old === undefined ? 'new' : now === undefined ? 'not-in-configuration' : 'content'
    return [{ address, kind, action, reason, ...(old ? { before: old } : {}), ...(now ? { after: now } : {}), usedBy: [] }]
  })
  return { from: before.name, to: after.name, changes, same: addresses.length - changes.length }
}

/** A name with a dot is an address, without one an environment (cli.md 1.10). */
function isAddress(reference: string): boolean {
  return reference.split('@')[0]?.includes('.') ?? false
}

/** The working copy is compiled as the environment that it is compared with would be, unless another is named. */
function projectOf(host: OperationHost, project: Project, from: string, options: CompareOptions): Project {
  const [environment = ''] = from.split('@')
  if (isAddress(from) || options.environment !== undefined) return project
  return openProject(host, { environment }, new Report()) ?? project
}

async function sideOf(registry: Registry, project: Project, reference: string): Promise<Side> {
  if (isAddress(reference)) {
    const version = await findVersion(registry, project.environment.name, reference)
    const planned = { ...version, interfaceDigest: interfaceDigestOf(version.artifact) }
    return { name: `${version.address}@${version.version}`, versions: new Map([[version.address, planned]]) }
  }
  const [environment = '', number] = reference.split('@')
  if (!project.settings.environments.has(environment)) throw unknownEnvironment(environment, [...project.settings.environments.keys()])
  if (number !== undefined && (await registry.release(environment, Number(number))) === undefined) throw unknownRelease(environment, number)
  const set = number === undefined ? await registry.pointers(environment) : await registry.pointersAt(environment, Number(number))
  const pointers = [...set.pointers.values()]
  const contents = await registry.artifacts(pointers.map(({ address, digest }) => ({ address, digest })))
  const versions = pointers.flatMap(({ address, ...pointer }) => {
    const artifact = contents.get(pointer.digest)
    return artifact ? [[address, { ...pointer, artifact }] as const] : []
  })
  return { name: number === undefined ? environment : `${environment}@${number}`, versions: new Map(versions) }
}

/** Against a single version, only its own address is compared. */
async function workingCopy(
  host: OperationHost,
  registry: Registry,
  project: Project,
  before: Side,
  { variables }: CompareOptions,
): Promise<Side> {
  const numbers = await readVersionNumbers(registry, readMoves(project.parsed))
  const { pointers } = await registry.pointers(project.environment.name)
  const { configuration } = await loadWithVersions(
    (asking, attempt) => loadProject(host, project, { variables, ...asking }, attempt, false),
    { registry, pointers, versions: numbers },
    new Report(),
  )
  if (configuration === undefined) {
    throw new OperationError({
      code: 'config/not-valid',
      summary: 'The working copy cannot be compared',
      detail: 'Its configuration has errors: flowrun validate tells which.',
    })
  }
  const blocks = configuration.blocks.filter(({ address }) => !isAddress(before.name) || before.versions.has(address))
  const published = await numbers.find(blocks.map(({ address, digest }) => ({ address, digest })))
  const versions = blocks.map(({ address, digest, interfaceDigest, artifact, textFiles }, index) => {
    const version = published[index]?.version ?? numbers.highest(address) + 1
    return [address, { version, digest, interfaceDigest, artifact, textFiles }] as const
  })
  return { name: 'working copy', versions: new Map(versions) }
}

/** Versions of two addresses are compared with each other, not as one that went and one that came. */
function under(before: Side, after: Side): Side {
  const [address] = before.versions.keys()
  const [version] = after.versions.values()
  return address !== undefined && version ? { ...after, versions: new Map([[address, version]]) } : after
}

function unknownEnvironment(name: string, environments: readonly string[]): OperationError {
  return new OperationError({
    code: 'config/unknown-environment',
    summary: `There is no environment "${name}"`,
    detail: `${environments.length === 1 ? `The only environment is ${environments[0]}.` : `The environments are ${enumerate(environments, 'and')}.`} An address has a dot: prompt.NAME.`,
    suggestions: suggest(name, environments),
  })
}

function unknownRelease(environment: string, number: string): OperationError {
  return new OperationError({
    code: 'registry/unknown-release',
    summary: `There is no release ${environment}@${number}`,
    detail: `All releases: flowrun releases -e ${environment}`,
  })
}
