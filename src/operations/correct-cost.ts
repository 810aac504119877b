import { suggest } from '../base/suggest.ts'
import { userName } from '../base/user.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { UsageRecord } from '../gateway/ledger/usage.ts'
import { type Deployed, withStores } from './deployed.ts'
import type { OperationHost } from './project.ts'

export interface CorrectOptions {
  readonly environment?: string
  /** Id of a call as `costs --estimated` lists it, its last 4 or more characters, or `@last`. */
  readonly call: string
  /** What the whole call did cost, in nano-dollars. */
  readonly costNano: number
  /** Kept by the audit log. */
  readonly reason: string
}

export interface CorrectedCost {
  readonly environment: string
  readonly call: UsageRecord
  readonly beforeNano: number
  readonly afterNano: number
}

const ENDING = /^[0-9A-HJKMNP-TV-Z]{4,26}$/

/**
 * Enters what a call did cost in the place of an estimate, in costs and in budgets that have counted it (BUD-5).
 *
 * @throws OperationError `costs/not-estimated`, `costs/less-than-known`, of the stores.
 */
export function correctCost(host: OperationHost, options: CorrectOptions): Promise<Deployed<CorrectedCost>> {
  const { costNano, reason } = options
  return withStores(host, options, 'write', async ({ registry }, { root, settings: { project }, environment: { name } }) => {
    const call = await findEstimated(host, root, project, name, options.call)
    const knownNano = costOf(call, false)
    if (costNano < knownNano) throw lessThanKnown(call, knownNano)
    const beforeNano = knownNano + costOf(call, true)
    const detail = { call: call.id, before_nano_usd: beforeNano, after_nano_usd: costNano }
    // The row comes first: after a kill it may say more than was done, and never less (AUD-2).
    await registry.record({ actor: userName(), action: 'cost.correct', subject: `${name} ${call.id}`, reason, detail })
    const spending = await host.openSpending(root, project, 'write')
    try {
      const corrected = await spending.correct({ call: call.id, costNano })
      // Its process was alive, and has reported since.
      if (corrected.outcome !== 'corrected') throw notEstimated(options.call, [])
      return { environment: name, call, beforeNano: corrected.beforeNano, afterNano: corrected.afterNano }
    } finally {
      spending.close()
    }
  })
}

async function findEstimated(host: OperationHost, root: string, project: string, environment: string, name: string): Promise<UsageRecord> {
  const spending = await host.openSpending(root, project)
  try {
    const calls = await spending.estimated({ environment, sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER })
    const ending = name.toUpperCase()
    const named = name === '@last' ? calls.slice(0, 1) : ENDING.test(ending) ? calls.filter(({ id }) => id.endsWith(ending)) : []
    const [call, ...others] = named
    if (call === undefined || others.length > 0) throw notEstimated(name, others.length > 0 ? [] : near(ending, calls))
    return call
  } finally {
    spending.close()
  }
}

function near(ending: string, calls: readonly UsageRecord[]): readonly string[] {
  return suggest(
    ending,
    calls.map(({ id }) => id.slice(-ending.length)),
  )
}

function costOf({ parts }: UsageRecord, estimated: boolean): number {
  return parts.filter(({ isEstimated }) => isEstimated === estimated).reduce((sum, { costNano }) => sum + (costNano ?? 0), 0)
}

function notEstimated(name: string, suggestions: readonly string[]): OperationError {
  return new OperationError({
    code: 'costs/not-estimated',
    summary: `There is no one call "${name}" whose cost is estimated`,
    detail:
      'Calls are named by their ids, by 4 or more characters at their end, or @last.\nList them:  flowrun costs --estimated\nNothing was changed.',
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

function lessThanKnown({ id }: UsageRecord, knownNano: number): OperationError {
  return new OperationError({
    code: 'costs/less-than-known',
    summary: `Call ${id} cost more than that`,
    detail: `Its provider has reported $${(knownNano / 1e9).toFixed(6)} for a part of it. Say what the whole call did cost. Nothing was changed.`,
  })
}
