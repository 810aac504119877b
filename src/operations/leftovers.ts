import { OperationError } from '../diagnostics/operation-error.ts'
import type { OperationHost } from './project.ts'
import { pinnedContents } from './runs/pinned.ts'
import type { Stores } from './stores.ts'

/**
 * Removes what earlier applies have uploaded for releases that never came to be (GC-1). The release of this one is made, so
 * a failure is none of it: whatever is left is removed by the next.
 */
export async function collectLeftovers(host: OperationHost, { registry }: Stores, root: string, project: string): Promise<void> {
  try {
    await registry.collectContents(() => pinnedContents(host, root, project))
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
  }
}
