import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Closure, ClosureMember } from '../../artifact/closure.ts'
import type { VariableFlag } from '../../config/variables.ts'
import { Report } from '../../diagnostics/report.ts'
import { loadProject, type OperationHost, openProject } from '../project.ts'

/** A process that works on runs for days looks at its files this often, and no more. */
const LOOK_MS = 1000

interface Read {
  /** Names and times of the files that were read. */
  readonly stamp: string
  readonly members: Closure['members'] | undefined
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
  const known = new Map<string, Read>()
  let stamp = ''
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return environment => {
    const nowMs = host.clock.monotonic()
    if (nowMs - lookedAtMs >= LOOK_MS) {
      stamp = stampOf(host.workingDirectory)
      lookedAtMs = nowMs
    }
    const last = known.get(environment)
    if (last?.stamp === stamp) return last.members
    const read = { stamp, members: membersOf(host, environment, variables) }
    known.set(environment, read)
    return read.members
  }
}

function stampOf(folder: string): string {
  try {
    const files = readdirSync(folder).filter(name => /\.(hcl|flowvars)$/.test(name))
    return files.map(name => `${name} ${statSync(join(folder, name)).mtimeMs}`).join('\n')
  } catch {
    // It is being written: the next look sees it.
    return ''
  }
}

function membersOf(host: OperationHost, environment: string, variables: readonly VariableFlag[]): Closure['members'] | undefined {
  const report = new Report()
  const project = openProject(host, { environment }, report)
  const { configuration } = (project && loadProject(host, project, { variables }, report, false)) ?? {}
  if (configuration === undefined || report.hasErrors) return undefined
  return new Map(configuration.blocks.map(({ address, artifact, digest }): [string, ClosureMember] => [address, { artifact, digest }]))
}
