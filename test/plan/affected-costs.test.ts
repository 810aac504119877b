import t from 'tap'
import type { Artifact } from '../../src/artifact/envelope.ts'
import { withAffectedCosts } from '../../src/plan/affected-costs.ts'
import type { CostForecast } from '../../src/plan/plan.ts'
import { changeOf, modelOf, promptOf, versionOf } from '../views/plan-fixture.ts'

const cheap = modelOf({ id: 'gpt-4o-mini' })
const dear = modelOf({ id: 'gpt-4.1-mini' })
const answer = promptOf([{ role: 'user', text: 'x' }])
const other = promptOf([], { tiers: [{ model: { $ref: 'model.other' } }] })

const costOf = async (_address: string, artifacts: ReadonlyMap<string, Artifact>): Promise<CostForecast> => ({
  nanoPerThousandCalls: artifacts.get('model.fast') === dear ? 478_400_000 : 179_400_000,
  basis: { kind: 'limit', inputTokens: 1, outputTokens: 1 },
  modelAddress: 'model.fast',
  modelId: 'm',
})

const blocks = (model: Artifact) =>
  new Map([
    ['model.fast', model],
    ['prompt.answer', answer],
    ['prompt.other', other],
  ])
const change = changeOf({ address: 'model.fast', action: 'update', before: versionOf(4, cheap), after: versionOf(5, dear) })

t.test('a model that costs more tells which prompts do', async t => {
  const [changed] = await withAffectedCosts([change], blocks(cheap), blocks(dear), costOf)
  t.same(
    changed?.affectedCosts?.map(({ address, before, after }) => [address, before.nanoPerThousandCalls, after.nanoPerThousandCalls]),
    [['prompt.answer', 179_400_000, 478_400_000]],
  )
})

t.test('a model whose price, limits and id stay asks for no forecast', async t => {
  const slower = changeOf({ ...change, after: versionOf(5, modelOf({ id: 'gpt-4o-mini', timeout_ms: 90_000 })) })
  const changes = await withAffectedCosts([slower], blocks(cheap), blocks(cheap), async () => t.fail('not asked') as never)
  t.same(changes, [slower])
})
