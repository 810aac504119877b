import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { ArtifactVersion } from '../registry/version.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

/** Versions of one address, newest first. */
export interface VersionList {
  readonly address: string
  readonly versions: readonly ListedVersion[]
  /** Of all versions, those that a limit left out among them. */
  readonly total: number
}

/** A version with the environments where it is active, and where it is held. */
export interface ListedVersion extends ArtifactVersion {
  readonly activeIn: readonly string[]
  readonly heldIn: readonly string[]
}

export function listVersions(
  host: OperationHost,
  options: ProjectOptions & { readonly limit: number },
  address: string,
): Promise<Deployed<VersionList>> {
  return readDeployed(host, options, async ({ registry }, project) => {
    const versions = await registry.versionsOf(address)
    if (versions.length === 0) throw neverPublished(address, [...(await registry.highestVersions()).keys()])
    const pointers = await registry.pointersTo(address)
    const environments = [...project.settings.environments.keys()]
    const holds = (await Promise.all(environments.map(name => registry.holds(name)))).flat().filter(hold => hold.address === address)
    const listed = versions.slice(0, options.limit).map(version => ({
      ...version,
      activeIn: [...pointers].flatMap(([environment, pointer]) => (pointer.version === version.version ? [environment] : [])).sort(),
      heldIn: holds.filter(hold => hold.digest === version.digest).map(hold => hold.environment),
    }))
    return { address, versions: listed, total: versions.length }
  })
}

export function neverPublished(address: string, published: readonly string[]): OperationError {
  const suggestions = suggest(address, published)
  return new OperationError({
    code: 'registry/never-published',
    summary: `${address} was never published`,
    detail:
      published.length === 0 ? 'Nothing was published yet: flowrun apply makes the first release.' : 'See what is deployed: flowrun show',
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
