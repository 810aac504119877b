import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { VariableFlag } from '../../src/config/variables.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { type ApplyOptions, type ApplyResult, apply, applySaved } from '../../src/operations/apply.ts'
import { type PlanOptions, plan } from '../../src/operations/plan.ts'
import type { OperationHost } from '../../src/operations/project.ts'
import { type Change, countChanges, type Plan } from '../../src/plan/plan.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { hostIn, type ProjectText, projectFolder, told, writeProject } from './configuration.ts'
import { openRegistry } from './open-registry.ts'

/** A project in a folder of its own, with flowrun at work in it. */
export interface TestProject {
  readonly folder: string
  /** Replaces the configuration. */
  write(text: ProjectText): void
  remove(name: string): void
  plan(options?: PlanningOptions): Promise<Plan>
  /** The diagnostics, in short, of a plan that cannot be made. */
  refusal(options?: PlanningOptions): Promise<readonly string[]>
  apply(options?: Partial<ApplyOptions> & PlanningOptions): Promise<ApplyResult>
  applySaved(plan: Plan, options?: Partial<ApplyOptions> & PlanningOptions): Promise<ApplyResult>
  registry: () => ReturnType<typeof openRegistry>
}

export interface PlanningOptions extends Partial<Pick<PlanOptions, 'mode' | 'selection' | 'refresh' | 'replace' | 'strict' | 'generate'>> {
  readonly environment?: string
  readonly variables?: readonly VariableFlag[]
  readonly processEnvironment?: Readonly<Record<string, string>>
}

/** @param hostOf flowrun in a folder, with what a test gives it in place of the real stores. */
export function testProject(text: ProjectText, hostOf: typeof hostIn = hostIn): TestProject {
  const folder = projectFolder(text)
  const host = (options: PlanningOptions): OperationHost => hostOf(folder, options.processEnvironment)
  const planning = ({ processEnvironment: _given, environment, variables = [], ...part }: PlanningOptions) => ({
    variables,
    canAsk: false,
    ...(environment ? { environment } : {}),
    ...part,
  })
  const applying = (options: Partial<ApplyOptions> & PlanningOptions): ApplyOptions => ({
    authorship: { actor: 'ana', source: '', message: 'a test' },
    lockTimeoutMs: 5000,
    approve: async () => 'unattended',
    onWaitingForLock: () => {},
    onTookOver: () => {},
    onStillLocked: error => {
      throw error
    },
    onUploaded: () => {},
    ...options,
    ...planning({ ...options }),
  })
  const planned = (options: PlanningOptions) => plan(host(options), planning(options))
  return {
    folder,
    write: next => writeProject(folder, next),
    remove: name => rmSync(join(folder, name)),
    async plan(options = {}) {
      const result = await planned(options)
      if (result.outcome === 'planned') return result.plan
      throw new Error(result.outcome === 'invalid' ? told(result.diagnostics).join('; ') : 'asks for variables')
    },
    async refusal(options = {}) {
      const result = await planned(options)
      return result.outcome === 'invalid' ? told(result.diagnostics) : []
    },
    apply: (options = {}) => apply(host(options), applying(options)),
    applySaved: (saved, options = {}) => applySaved(host(options), { ...applying(options), plan: saved }),
    registry: () => openRegistry(join(folder, '.flowrun'), { project: 'project' }),
  }
}

/** Flowrun whose state backends are gone once a release was made: no state that says one can be written. */
export function withoutStatesOfReleases(host: OperationHost): OperationHost {
  return {
    ...host,
    async openStores(request) {
      const { backend, ...stores } = await host.openStores(request)
      const write: StateBackend['write'] = async (environment, written) => {
        if (!written.body.includes('"release":0')) throw new OperationError({ code: 'state/unreachable', summary: 'The state is gone' })
        return backend.write(environment, written)
      }
      return { ...stores, backend: { ...backend, write } }
    },
  }
}

/** `~ prompt.answer @1 → @2 content`, and the totals of nothing but changes. */
export function changesOf({ changes }: Pick<Plan, 'changes'>): readonly string[] {
  const version = (side: Change['before']) => (side ? `@${side.version}` : '-')
  return changes.map(({ address, before, after, reason }) => `${address} ${version(before)} ${version(after)} ${reason}`)
}

/** Apply would do nothing at all. */
export function isEmpty(made: Plan): boolean {
  const { add, change, destroy } = countChanges(made)
  const { converged, forgotten } = made.adoptions
  const still = made.outputs.every(({ action }) => action === 'no-op')
  return add + change + destroy + made.drift.length + converged.length + forgotten.length + made.obstacles.length === 0 && still
}
