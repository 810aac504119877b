import type { Artifact } from '../artifact/envelope.ts'
import type { AffectedCost, Change, CostForecast } from './plan.ts'
import { isSame } from './value-diff.ts'

/** Prompts forecast for the sake of a model that changes: counting tokens of thousands would hold up a plan. */
const PROMPTS_MAX = 200

type Artifacts = ReadonlyMap<string, Artifact>

/**
 * What changed models do to the cost of the prompts that ask them first, whether these change too or not.
 *
 * @param before all artifacts by address as they are active now; `after` as they will be.
 * @param costOf forecasts a prompt among the given artifacts.
 */
export async function withAffectedCosts(
  changes: readonly Change[],
  before: Artifacts,
  after: Artifacts,
  costOf: (address: string, artifacts: Artifacts) => Promise<CostForecast | undefined>,
): Promise<readonly Change[]> {
  const users = usersOf(new Set(changes.filter(changesCost).map(({ address }) => address)), after)
  if (users.length === 0 || users.length > PROMPTS_MAX) return changes
  const costs = new Map<string, AffectedCost[]>()
  for (const { address, model } of users) {
    const [costBefore, costAfter] = [await costOf(address, before), await costOf(address, after)]
    if (costBefore === undefined || costAfter === undefined || costBefore.nanoPerThousandCalls === costAfter.nanoPerThousandCalls) continue
    costs.set(model, [...(costs.get(model) ?? []), { address, before: costBefore, after: costAfter }])
  }
  return changes.map(change => {
    const affectedCosts = costs.get(change.address)
    return affectedCosts === undefined ? change : { ...change, affectedCosts }
  })
}

function changesCost({ before, after }: Change): boolean {
  if (before?.artifact.kind !== 'model' || after?.artifact.kind !== 'model') return false
  const facts = ({ id, price, limits, params, provider }: typeof before.artifact.spec) =>
    JSON.parse(JSON.stringify([id, price, limits, params ?? {}, provider]))
  return !isSame(facts(before.artifact.spec), facts(after.artifact.spec))
}

function usersOf(models: ReadonlySet<string>, artifacts: Artifacts): readonly { readonly address: string; readonly model: string }[] {
  if (models.size === 0) return []
  return [...artifacts].flatMap(([address, artifact]) => {
    const model = artifact.kind === 'prompt' ? artifact.spec.tiers[0]?.model.$ref : undefined
    return model !== undefined && models.has(model) ? [{ address, model }] : []
  })
}
