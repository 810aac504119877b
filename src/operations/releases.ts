import type { Release } from '../registry/release.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

export interface ListedRelease extends Release {
  /** Pointers that it moved. */
  readonly changeCount: number
}

export interface ReleaseList {
  readonly environment: string
  readonly releases: readonly ListedRelease[]
  /** All that there are, shown or not. */
  readonly total: number
}

export interface ReleaseListOptions extends ProjectOptions {
  readonly limit: number
  /** Only those made then or later. */
  readonly sinceMs?: number
}

/** The releases of an environment, newest first. */
export function listReleases(host: OperationHost, options: ReleaseListOptions): Promise<Deployed<ReleaseList>> {
  const { limit, sinceMs = 0 } = options
  return readDeployed(host, options, async ({ registry }, project) => {
    const environment = project.environment.name
    const newest = await registry.releases(environment, limit)
    const releases: ListedRelease[] = []
    for (const release of newest) {
      if (release.createdAtMs < sinceMs) continue
      releases.push({ ...release, changeCount: (await registry.release(environment, release.number))?.changes.length ?? 0 })
    }
    return { environment, releases, total: newest[0]?.number ?? 0 }
  })
}
