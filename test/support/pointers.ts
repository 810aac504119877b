import type { PointerReleaseOptions, PointerReleaseResult } from '../../src/operations/pointer-release.ts'
import type { OperationHost } from '../../src/operations/project.ts'
import { type PromoteOptions, type PromoteResult, promote } from '../../src/operations/promote.ts'
import { type RollbackOptions, rollback } from '../../src/operations/rollback.ts'
import type { PointerPlan } from '../../src/plan/pointer-plan.ts'
import { hostIn, told } from './configuration.ts'
import type { TestProject } from './project.ts'

const UNATTENDED: PointerReleaseOptions = {
  actor: 'ana',
  reason: 'a test',
  lockTimeoutMs: 5000,
  approve: async () => 'unattended',
  onWaitingForLock: () => {},
  onTookOver: () => {},
  onStillLocked: error => {
    throw error
  },
}

/** Rolls one address back, or a whole release: `prompt.answer`, `prompt.answer@3`, `14`, or nothing for the release before. */
export async function rollBack(
  project: TestProject,
  where?: string | number,
  options: Partial<RollbackOptions> = {},
): Promise<PointerReleaseResult> {
  const [address = '', number] = typeof where === 'string' ? where.split('@') : []
  const goal: RollbackOptions['goal'] =
    typeof where === 'string'
      ? { kind: 'version', address, ...(number === undefined ? {} : { number: Number(number) }) }
      : { kind: 'release', ...(where === undefined ? {} : { number: where }) }
  const result = await rollback(hostIn(project.folder), {
    ...UNATTENDED,
    goal,
    placesHolds: true,
    withDependents: false,
    runs: 'keep',
    ...options,
  })
  return requireFound(result)
}

/** Promotes everything from dev to prod, unless said. */
export async function promoteTo(
  project: TestProject,
  { host = hostIn(project.folder), ...options }: Partial<PromoteOptions> & { readonly host?: OperationHost } = {},
): Promise<PromoteResult> {
  const chosen = { from: 'dev', to: 'prod', addresses: [], variables: [], dryRun: false, ...options }
  return requireFound(await promote(host, { ...UNATTENDED, ...chosen }))
}

function requireFound<T>(
  result:
    | { readonly outcome: 'found'; readonly value: T }
    | { readonly outcome: 'invalid'; readonly diagnostics: Parameters<typeof told>[0] },
): T {
  if (result.outcome === 'found') return result.value
  throw new Error(told(result.diagnostics).join('; '))
}

/** `prompt.answer @3 @2`, with what is held: `holds prompt.answer@3`. */
export function movesOf({ moves, held }: PointerPlan): readonly string[] {
  const version = (side: { readonly version: number } | null) => (side ? `@${side.version}` : '-')
  return [
    ...moves.map(({ address, before, after }) => `${address} ${version(before)} ${version(after)}`),
    ...held.map(({ address, version: number }) => `holds ${address}@${number}`),
  ]
}
