import { compact } from '../base/compact.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import { type OperationHost, openProject, type Project, type ProjectOptions } from './project.ts'
import type { Stores, StoresRequest } from './stores.ts'

export type Deployed<T> =
  | { readonly outcome: 'found'; readonly value: T }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/**
 * Reads what is deployed. The configuration is read as far as its settings, to know where: it need not be valid beyond.
 *
 * @throws OperationError of the stores, or of `work`.
 */
export function readDeployed<T>(
  host: OperationHost,
  options: ProjectOptions,
  work: (stores: Stores, project: Project) => Promise<T>,
): Promise<Deployed<T>> {
  return withStores(host, options, 'read', work)
}

/** The same, to read from or to write to. */
export async function withStores<T>(
  host: OperationHost,
  options: ProjectOptions & StoresPace,
  mode: 'read' | 'write',
  work: (stores: Stores, project: Project) => Promise<T>,
): Promise<Deployed<T>> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const stores = await openStoresOf(host, project, mode, options)
  try {
    return { outcome: 'found', value: await work(stores, project) }
  } finally {
    await stores.close()
  }
}

/** How the stores are worked with. */
export type StoresPace = Pick<StoresRequest, 'parallelism' | 'signal'>

/** The stores of a project; to read from, unless said: no trace is left then. */
export function openStoresOf(
  host: OperationHost,
  project: Project,
  mode: 'read' | 'write' = 'read',
  { parallelism, signal }: StoresPace = {},
): Promise<Stores> {
  const { root, settings, environment } = project
  return host.openStores({ root, project: settings.project, environment, mode, ...compact({ parallelism, signal }) })
}
