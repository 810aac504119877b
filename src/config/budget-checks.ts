import type { BudgetSpec } from '../artifact/budget.ts'
import type { ModelSpec } from '../artifact/model.ts'
import { hasKnownPrice } from '../artifact/price.ts'
import { followedReferences } from '../artifact/references.ts'
import type { Report } from '../diagnostics/report.ts'
import { kindOfAddress } from './address.ts'
import { argumentRange } from './blocks/argument-range.ts'
import { chainFrom, modelsOf } from './checks.ts'
import type { CompiledBlock } from './instance.ts'

/** A budget that would refuse every call of a model, for nobody knows its price, says so now and not in the first call (BUD-7). */
export function checkBudgets(blocks: readonly CompiledBlock[], report: Report): void {
  const models = modelsOf(blocks)
  const isSimulated = (model: ModelSpec) =>
    blocks.some(({ address, artifact }) => {
      return artifact.kind === 'provider' && artifact.spec.type === 'simulated' && address === model.provider.$ref
    })
  for (const block of blocks) {
    if (block.artifact.kind !== 'budget') continue
    const { spec } = block.artifact
    if (spec.action === 'warn' || spec.unknown_price === 'ignore') continue
    const reached = reachedBy(spec, blocks, models)
    const unpriced = reached.filter(model => !hasKnownPrice(model.spec) && !isSimulated(model.spec))
    const [first] = unpriced
    if (first === undefined) continue
    const others = unpriced.slice(1).map(({ address }) => address)
    report.error({
      code: 'budget/unknown-price',
      summary: `The price of ${first.address} is unknown, and ${block.address} limits it`,
      detail: `It would refuse every call${others.length === 0 ? '' : `, as of ${others.join(', ')}`}. Write the price into the model: price { … }. Or let such calls pass uncounted: unknown_price = "ignore".`,
      subject: argumentRange(block.block, 'applies_to') ?? block.block.headerRange,
      where: `in budget "${block.name}"`,
      address: block.address,
      related: [{ range: first.block.headerRange, message: 'it has no price' }],
    })
  }
}

type Models = Parameters<typeof chainFrom>[1]

/** The models whose calls the budget pays: those that it names, of the providers, prompts and flows that it names, or all. */
function reachedBy({ applies_to: references }: BudgetSpec, blocks: readonly CompiledBlock[], models: Models) {
  const named = new Set(references.map(({ $ref }) => $ref))
  if (named.size === 0) return [...models.values()]
  const called = new Set(
    blocks.flatMap(({ address, artifact }) => {
      if (artifact.kind !== 'prompt' || !named.has(address)) return []
      return artifact.spec.tiers.flatMap(({ model }) => chainFrom(model.$ref, models).map(link => link.address))
    }),
  )
  const within = reachedFrom(
    [...named].filter(address => FLOW_KINDS.has(kindOfAddress(address))),
    blocks,
  )
  return [...models.values()].filter(
    ({ address, spec }) => [address, spec.provider.$ref].some(paid => named.has(paid)) || called.has(address) || within.has(address),
  )
}

/** All of their calls are theirs: also those of guards, and of flows that they begin. */
const FLOW_KINDS: ReadonlySet<string> = new Set(['workflow', 'agent'])

function reachedFrom(addresses: readonly string[], blocks: readonly CompiledBlock[]): ReadonlySet<string> {
  const byAddress = new Map(blocks.map(block => [block.address, block]))
  const reached = new Set(addresses)
  // A set grows while it is gone through.
  for (const address of reached) for (const next of followedReferences(byAddress.get(address)?.artifact.spec)) reached.add(next)
  return reached
}
