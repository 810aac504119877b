import { kindOfAddress } from '../config/address.ts'
import { Report } from '../diagnostics/report.ts'
import type { BudgetTarget } from '../gateway/call.ts'
import type { CounterStanding } from '../gateway/ledger/ledger.ts'
import type { SpendingStore } from '../gateway/ledger/sqlite/store.ts'
import type { UsageKey, UsageQuery, UsageRecord, UsageSum } from '../gateway/ledger/usage.ts'
import { windowOf } from '../gateway/ledger/window.ts'
import type { Registry } from '../registry/registry.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import { type OperationHost, openProject } from './project.ts'

export { USAGE_KEYS } from '../gateway/ledger/usage.ts'

export interface CostsOptions {
  readonly environment?: string
  readonly sinceMs: number
  readonly untilMs: number
}

/** Where and when calls were made that a report is about. */
export interface CostsPeriod {
  /** Absent: all environments. */
  readonly environment?: string
  readonly sinceMs: number
  readonly untilMs: number
}

/** What calls cost, summed by what they have in common. */
export interface Costs {
  readonly period: CostsPeriod
  readonly by: readonly UsageKey[]
  readonly sums: readonly UsageSum[]
  readonly total: UsageSum
  /** Models whose calls have no known price. */
  readonly unpricedModels: readonly string[]
}

/**
 * Sums what was kept of calls. By environment: all of them, unless one is named.
 *
 * @throws OperationError `registry/…`
 */
export function readCosts(host: OperationHost, options: CostsOptions, by: readonly UsageKey[]): Promise<Deployed<Costs>> {
  const all = by.includes('environment') && options.environment === undefined
  return withSpending(host, options, async (spending, period) => {
    const { environment: _environment, ...everywhere } = period
    const query: UsageQuery = all ? everywhere : period
    const [total] = await spending.sums(query, [])
    return {
      period: query,
      by,
      sums: await spending.sums(query, by),
      total: total ?? NOTHING,
      unpricedModels: await spending.unpricedModels(query),
    }
  })
}

const NOTHING: UsageSum = {
  keys: [],
  calls: 0,
  cached: 0,
  inputTokens: 0,
  outputTokens: 0,
  costNano: 0,
  estimatedNano: 0,
  unpriced: 0,
}

/** Calls whose cost is an upper bound. */
export interface EstimatedCosts {
  readonly period: CostsPeriod
  /** Newest first. */
  readonly calls: readonly UsageRecord[]
}

export function readEstimatedCosts(host: OperationHost, options: CostsOptions): Promise<Deployed<EstimatedCosts>> {
  return withSpending(host, options, async (spending, period) => ({ period, calls: await spending.estimated(period) }))
}

async function withSpending<T>(
  host: OperationHost,
  { environment, sinceMs, untilMs }: CostsOptions,
  work: (spending: SpendingStore, period: CostsPeriod) => Promise<T>,
): Promise<Deployed<T>> {
  const report = new Report()
  const project = openProject(host, environment === undefined ? {} : { environment }, report)
  if (project === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const spending = await host.openSpending(project.root, project.settings.project)
  try {
    return { outcome: 'found', value: await work(spending, { environment: project.environment.name, sinceMs, untilMs }) }
  } finally {
    spending.close()
  }
}

/** Budgets of an environment, and how their counters stand. */
export interface BudgetStandings {
  readonly environment: string
  readonly counters: readonly CounterStanding[]
}

/**
 * Every counter whose window is not over, and deployed budgets that nothing was spent of.
 *
 * @throws OperationError of the stores.
 */
export function readBudgets(host: OperationHost, options: Pick<CostsOptions, 'environment'>): Promise<Deployed<BudgetStandings>> {
  return readDeployed(host, options, async ({ registry }, { root, settings, environment: { name } }) => {
    const spending = await host.openSpending(root, settings.project)
    try {
      const deployed = await deployedBudgets(registry, name)
      const limits = new Map(deployed.map(({ address, spec }) => [address, spec.limit_nano]))
      const windows = await spending.ledger.windows(name)
      // A limit holds from the release that changed it on, whether or not anybody has spent since (BUD-7).
      const used = windows.map(counter => ({ ...counter, limitNano: limits.get(counter.budget) ?? counter.limitNano }))
      const unused = deployed.filter(({ address }) => used.every(({ budget }) => budget !== address))
      const counters = [...used, ...unused.flatMap(budget => untouched(budget, name, host.clock.now()))]
      return { environment: name, counters: counters.sort((a, b) => (a.budget < b.budget ? -1 : a.budget > b.budget ? 1 : 0)) }
    } finally {
      spending.close()
    }
  })
}

async function deployedBudgets(registry: Registry, environment: string): Promise<readonly BudgetTarget[]> {
  const { pointers } = await registry.pointers(environment)
  const budgets = [...pointers.values()].filter(({ address }) => kindOfAddress(address) === 'budget')
  const artifacts = await registry.artifacts(budgets.map(({ address, digest }) => ({ address, digest })))
  return budgets.flatMap(({ address, digest }) => {
    const artifact = artifacts.get(digest)
    return artifact?.kind === 'budget' ? [{ address, spec: artifact.spec }] : []
  })
}

/** Of a budget with a counter for each value there is none until somebody spends. */
function untouched({ address, spec }: BudgetTarget, environment: string, nowMs: number): readonly CounterStanding[] {
  const { by, per, timezone, limit_nano: limitNano } = spec
  if (by !== undefined || per === 'run') return []
  const window = windowOf(per, timezone, nowMs)
  return [{ environment, budget: address, value: '', window, limitNano, spentNano: 0, reservedNano: 0, runs: 0 }]
}
