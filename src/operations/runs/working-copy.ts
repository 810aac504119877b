import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Closure, ClosureMember } from '../../artifact/closure.ts'
import type { VariableFlag } from '../../config/variables.ts'
import { Report } from '../../diagnostics/report.ts'
import { loadProject, type OperationHost, openProject } from '../project.ts'

/** A process that works on runs for days looks at its files this often, and no more. */
const LOOK_MS = 1000

interface Read {
  readonly members: Closure['members'] | undefined
  /** What was read, beside the files of the folder itself: those of modules, and what functions read. */
  readonly files: readonly string[]
  /** Names and times of all of these; absent: they were not known before they were read. */
  readonly stamp?: string
}

/**
 * What the files of the project say, for what runs read when they use it: their budgets. Read when it is asked for, and
 * again when a file was changed.
 *
 * @param variables that it was asked for with.
 * @returns a function of an environment, which gives undefined where the files are in no state to be published.
 */
export function createWorkingCopy(
  host: OperationHost,
  variables: readonly VariableFlag[] = [],
): (environment: string) => Closure['members'] | undefined {
  const known = new Map<string, Read & { readonly lookedAtMs: number }>()
  return environment => {
    const lookedAtMs = host.clock.monotonic()
    const last = known.get(environment)
    if (last && lookedAtMs - last.lookedAtMs < LOOK_MS) return last.members
    const stamp = stampOf(host.workingDirectory, last?.files ?? [])
    const read = last?.stamp === stamp ? last : readAgain(host, environment, variables, { stamp, files: last?.files ?? [] })
    known.set(environment, { ...read, lookedAtMs })
    return read.members
  }
}

/** @param before of the files as they were known; where it reads others, the next look reads once more. */
function readAgain(
  host: OperationHost,
  environment: string,
  variables: readonly VariableFlag[],
  before: Required<Pick<Read, 'stamp' | 'files'>>,
): Read {
  const report = new Report()
  const project = openProject(host, { environment }, report)
  const { configuration } = (project && loadProject(host, project, { variables }, report, false)) ?? {}
  if (configuration === undefined || report.hasErrors) return { ...before, members: undefined }
  const members = new Map(
    configuration.blocks.map(({ address, artifact, digest }): [string, ClosureMember] => [address, { artifact, digest }]),
  )
  const files = Object.keys(configuration.files)
  return files.join('\n') === before.files.join('\n') ? { ...before, members } : { members, files }
}

function stampOf(folder: string, others: readonly string[]): string {
  try {
    const own = readdirSync(folder).filter(name => /\.(hcl|flowvars)$/.test(name))
    // One that is gone has no time.
    return [...own, ...others].map(name => `${name} ${statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs}`).join('\n')
  } catch {
    // It is being written: the next look sees it.
    return ''
  }
}
