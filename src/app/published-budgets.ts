import type { Closure, ClosureMember } from '../artifact/closure.ts'
import { followedReferences } from '../artifact/references.ts'
import { kindOfAddress } from '../config/address.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { HeldRun } from '../engine/durable/record-store.ts'
import { type BudgetedRun, type BudgetReader, budgetTargets } from '../engine/prompt/budgets.ts'
import type { BudgetTarget } from '../gateway/call.ts'
import { withPinned } from '../operations/closure.ts'
import type { Stores } from '../operations/stores.ts'
import type { Registry } from '../registry/registry.ts'

export interface PublishedBudgets {
  readonly read: BudgetReader
  /** Whether the budget that a run waits for has more to give now, or pauses nobody any more. */
  mayGoOn(run: HeldRun): Promise<boolean>
  close(): Promise<void>
}

export interface BudgetSources {
  /** Of an environment, to read from. @throws OperationError */
  openStores(environment: string): Promise<Stores>
  /** What the files of the project say now; undefined: nothing that could be published. */
  workingCopy(environment: string): Closure['members'] | undefined
}

interface Published {
  readonly release: number
  readonly budgets: readonly BudgetTarget[]
}

/**
 * Budgets as they are published now: a change holds for runs that are under way (BUD-7). A call asks for the number of the
 * release, and only where it moved for what is in it. Runs of the working copy have the budgets of its files.
 */
export function createPublishedBudgets({ openStores, workingCopy }: BudgetSources): PublishedBudgets {
  const stores = new Map<string, Promise<Stores>>()
  const known = new Map<string, Published>()
  const storesOf = (environment: string): Promise<Stores> => {
    const opened = stores.get(environment) ?? openStores(environment)
    stores.set(environment, opened)
    // One that cannot be opened is tried again with the next call.
    opened.catch(() => stores.delete(environment))
    return opened
  }
  const published = async (environment: string): Promise<readonly BudgetTarget[]> => {
    try {
      const { registry } = await storesOf(environment)
      const { release } = await registry.head(environment)
      const last = known.get(environment)
      if (last?.release === release) return last.budgets
      const read = await readPublished(registry, environment)
      known.set(environment, read)
      return read.budgets
    } catch (error) {
      if (error instanceof OperationError) throw unavailable(environment, error)
      throw error
    }
  }
  const ofWorkingCopy = (environment: string) => {
    const members = workingCopy(environment)
    return members && budgetTargets({ address: '', members })
  }
  const read: BudgetReader = async ({ environment, release }: BudgetedRun, closure) =>
    release > 0 ? published(environment) : (ofWorkingCopy(environment) ?? budgetTargets(closure))
  return {
    read,
    async mayGoOn({ environment, release, reason: { waitsFor } }) {
      const budgets = release > 0 ? await published(environment).catch(() => undefined) : ofWorkingCopy(environment)
      if (budgets === undefined) return false
      const spec = budgets.find(({ address }) => address === waitsFor.budget)?.spec
      return spec === undefined || spec.action !== 'pause' || spec.limit_nano > waitsFor.limitNano
    },
    async close() {
      for (const opened of stores.values()) await (await opened).close()
    },
  }
}

/** The budgets that are active in an environment, each with the models that take over. */
async function readPublished(registry: Registry, environment: string): Promise<Published> {
  const { pointers, release } = await registry.pointers(environment)
  const members = new Map<string, ClosureMember>()
  const wanted = new Set([...pointers.keys()].filter(address => kindOfAddress(address) === 'budget'))
  for (let addresses = [...wanted]; addresses.length > 0; ) {
    const found = addresses.flatMap(address => pointers.get(address) ?? [])
    const artifacts = await registry.artifacts(found.map(({ address, digest }) => ({ address, digest })))
    const next = new Set<string>()
    for (const { address, digest, version } of found) {
      const artifact = artifacts.get(digest)
      if (artifact === undefined) continue
      members.set(address, { artifact, digest, version })
      const named = artifact.kind === 'budget' ? artifact.spec.degrade_to : artifact.spec
      for (const reference of followedReferences(named)) if (!members.has(reference)) next.add(reference)
    }
    addresses = [...next]
  }
  return { release, budgets: budgetTargets({ address: '', members: await withPinned(registry, members) }) }
}

function unavailable(environment: string, { diagnostic }: OperationError): OperationError {
  return new OperationError(
    {
      code: 'budget/unavailable',
      summary: `The budgets of ${environment} cannot be read`,
      detail: `${diagnostic.summary}. A budget that cannot be read refuses. The call was not made; try it again.`,
    },
    { retryable: true },
  )
}
