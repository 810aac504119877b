import { compact } from '../../base/compact.ts'
import { suggest } from '../../base/suggest.ts'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { Report } from '../../diagnostics/report.ts'
import { type RunRecord, TERMINAL_STATES } from '../../engine/durable/record-store.ts'
import { type OperationHost, openProject, type Project } from '../project.ts'
import type { RunEngine, RunEngineOptions, Runs } from './access.ts'
import { createWorkingCopy } from './working-copy.ts'

export type RunsResult<T> =
  | { readonly outcome: 'found'; readonly value: T }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Ids are 26 characters; a shorter ending could be anybody's. */
const ENDING = /^[0-9A-HJKMNP-TV-Z]{4,26}$/
/** Recent ones, for a name that was mistyped. */
const NEAR = 200

export interface RunsOptions {
  readonly environment?: string
}

/** Looks at the runs of the project; nothing is made where there are none. */
export async function withRuns<T>(
  host: OperationHost,
  options: RunsOptions,
  work: (runs: Runs, project: Project) => Promise<T>,
): Promise<RunsResult<T>> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const runs = await host.openRuns(project.root)
  try {
    return { outcome: 'found', value: await work(runs, project) }
  } finally {
    await runs.close()
  }
}

/** Does something about the runs of the project, with what can execute them. */
export async function withRunEngine<T>(
  host: OperationHost,
  options: RunsOptions & Pick<RunEngineOptions, 'concurrency' | 'lanes' | 'onWarning'>,
  work: (engine: RunEngine, project: Project) => Promise<T>,
): Promise<RunsResult<T>> {
  const report = new Report()
  const project = openProject(host, options, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const { concurrency, lanes, onWarning } = options
  const engine = await host.openRunEngine(project.root, {
    ...{ project: project.settings.project, environments: project.settings.environments, onWarning },
    workingCopy: createWorkingCopy(host),
    ...compact({ concurrency, lanes }),
  })
  try {
    return { outcome: 'found', value: await work(engine, project) }
  } finally {
    await engine.close()
  }
}

export function isOver({ state }: RunRecord): boolean {
  return TERMINAL_STATES.has(state)
}

/**
 * The run that a person names: by its id, the end of it, or `@last`.
 *
 * @throws OperationError `run/unknown`, `run/ambiguous`.
 */
export async function findRun({ records }: Runs, { settings }: Project, name: string): Promise<RunRecord> {
  const { project } = settings
  if (name === '@last') {
    const [last] = await records.listRuns({ project, limit: 1, withoutChildren: true })
    if (last) return last
    throw new OperationError({ code: 'run/unknown', summary: 'There are no runs yet', detail: 'Make one:  flowrun run workflow.NAME' })
  }
  const ending = name.toUpperCase()
  const found = ENDING.test(ending) ? await records.listRuns({ project, ending, limit: 3 }) : []
  const [run, ...others] = found
  if (run === undefined) throw await unknownRun(records, project, name)
  if (others.length === 0) return run
  throw new OperationError({
    code: 'run/ambiguous',
    summary: `More than one run ends with ${ending}`,
    notes: found.map(({ id, flow, state }) => `${id}  ${flow}  ${state}`),
    detail: 'Write more of its id. Nothing was changed.',
  })
}

async function unknownRun(records: Runs['records'], project: string, name: string): Promise<OperationError> {
  const ending = name.toUpperCase()
  const recent = await records.listRuns({ project, limit: NEAR })
  const isName = ENDING.test(ending)
  // Any two or three characters are near to some run's.
  const near = isName
    ? suggest(
        ending,
        recent.map(({ id }) => id.slice(-ending.length)),
      )
    : []
  return new OperationError({
    code: 'run/unknown',
    summary: `There is no run "${name}"`,
    detail: `${isName ? '' : 'A run is named by its id, by the last 4 or more characters of it, or by @last. '}The runs:  flowrun runs`,
    ...(near.length > 0 ? { suggestions: near } : {}),
  })
}

/** Whether any process is there that works on runs. */
export async function isWorkedOn({ records, isAlive, ...rest }: Runs & { readonly engine?: RunEngine['engine'] }): Promise<boolean> {
  return (await records.owners()).some(owner => owner.id !== rest.engine?.owner && isAlive(owner))
}
