import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { typeCommand } from '../support/typed-command.ts'
import { waitingOrder } from '../support/waiting-order.ts'

/** Beside it a flow that has it as a child, and one that only waits. */
const shop = (text: string) => `
${waitingOrder(text)}
workflow "shop" {
  timeout = "48h"
  node "flow" "order" { flow = workflow.order }
  output { value = node.order.output }
}
workflow "other" {
  timeout = "48h"
  node "wait" "paid" {
    signal  = "paid"
    timeout = "24h"
  }
  output { value = 1 }
}
`

/** prompt.answer is @2; runs of each flow wait with it, and one with prompt.answer@1. */
async function shopWithRuns(t: Test) {
  const directory = t.testdir({ 'main.flow.hcl': shop('One.') })
  const type = (...words: readonly string[]) => typeCommand(directory, words)
  const json = async (...words: readonly string[]) => JSON.parse((await type(...words, '--json')).out)
  const begin = async (flow: string) => (await json('run', `workflow.${flow}`, '-e', 'dev')).run.id as string
  t.match(await type('apply', '--yes'), { code: 0 })
  const old = await begin('order')
  writeFileSync(join(directory, 'main.flow.hcl'), shop('Two.'))
  t.match(await type('apply', '--yes'), { code: 0 })
  const [order, parent, other] = [await begin('order'), await begin('shop'), await begin('other')]
  const child = (await json('runs')).runs.find((run: { parent?: unknown }) => run.parent)?.id as string
  const stateOf = async (id: string) => (await json('runs', 'show', id)).run.state as string
  const pinned = async (...words: readonly string[]) =>
    (await json('runs', ...words)).runs.map(({ id }: { id: string }) => id).sort() as string[]
  return { type, json, stateOf, pinned, ids: { old, order, parent, child, other } }
}

t.test('HOLD-9: runs in flight are listed by what they are pinned to, of any age', async t => {
  const { type, json, pinned, ids } = await shopWithRuns(t)
  const { old, order, parent, child } = ids
  t.same(await pinned('--pinned', 'prompt.answer@2'), [order, parent, child].sort())
  t.same(await pinned('list', '--pinned', 'prompt.answer@1'), [old])
  t.same(await pinned('--pinned', 'model.fast@1', '--flow', 'workflow.order'), [old, order, child].sort())
  t.match(await json('runs', '--pinned', 'prompt.answer@2', '--limit', '1'), { total: 3, runs: [{}] })
  await type('runs', 'cancel', order)
  t.same(await pinned('--pinned', 'prompt.answer@2'), [parent, child].sort(), 'what is over has no use for its pins')
  t.same(await pinned('--pinned', 'prompt.answer@2', '--state', 'cancelled'), [order], 'unless it is asked for')
  t.match(await type('runs', '--pinned', 'prompt.answer@9'), { code: 1, err: /\[registry\/unknown-version\]/ })
  t.match(await type('runs', '--pinned', 'answer'), { code: 1, err: /\[cli\/bad-address\]/ })
})

t.test('HOLD-9: running runs keep their pins through a rollback', async t => {
  const { type, json, stateOf, ids } = await shopWithRuns(t)
  const done = await json('rollback', 'prompt.answer', '--yes', '--reason', 'too long')
  t.match(done, { release: { number: 3 }, runs: { action: 'keep', in_flight: 2, settled: [] } })
  t.match(await type('runs', 'signal', ids.order, 'paid', 'null'), { code: 0 })
  t.match(await type('runs', 'resume', ids.order), { code: 0 })
  t.match(await json('runs', 'show', ids.order), { run: { state: 'succeeded', release: 2 } })
  t.equal(await stateOf(ids.parent), 'waiting')
  t.match(await type('runs', 'signal', ids.child, 'paid', 'null'), { code: 0 })
  t.match(await type('runs', 'resume', ids.parent), { code: 0 }, 'whoever goes on with a run goes on with its children')
  t.equal(await stateOf(ids.child), 'succeeded')
})

t.test('HOLD-9: a rollback pauses the runs that are pinned to what it leaves, and no others', async t => {
  const { type, json, stateOf, ids } = await shopWithRuns(t)
  const { old, order, parent, child, other } = ids
  const { runs } = await json('rollback', 'prompt.answer', '--runs', 'pause', '--yes', '--reason', 'too long')
  t.match(runs, { action: 'pause', in_flight: 3 })
  t.same(runs.settled.map(({ id }: { id: string }) => id).sort(), [order, parent, child].sort())
  for (const id of [order, parent, child]) t.equal(await stateOf(id), 'paused')
  for (const id of [old, other]) t.equal(await stateOf(id), 'waiting')
  t.match(await json('runs', 'show', order), { run: { reason: { code: 'run/paused', message: /: prompt\.answer@2 was rolled back$/ } } })
  t.match(await json('rollback', '--to-release', '2', '--runs', 'pause', '--yes', '--reason', 'it was fine', '--override-hold', 'r'), {
    runs: { in_flight: 1, settled: [{ id: old, state: 'paused' }] },
  })
  t.match(await type('runs', 'resume', order, '--detach'), { code: 0 })
})

t.test('HOLD-9, CAN-2: a rollback cancels the runs that are pinned to what it leaves, children with their parents', async t => {
  const { json, type, stateOf, ids } = await shopWithRuns(t)
  const { old, order, parent, child, other } = ids
  t.match(await type('rollback', 'prompt.answer', '--runs', 'stop', '--yes', '--reason', 'x'), { code: 1, err: /\[cli\/bad-flag-value\]/ })
  const { runs } = await json('rollback', 'prompt.answer', '--runs', 'cancel', '--yes', '--reason', 'wrong')
  t.match(runs, { action: 'cancel', in_flight: 2 })
  t.same(
    runs.settled.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`).sort(),
    [order, parent].map(id => `${id} cancelled`).sort(),
  )
  for (const id of [order, parent, child]) t.equal(await stateOf(id), 'cancelled')
  for (const id of [old, other]) t.equal(await stateOf(id), 'waiting')
})

t.test('HOLD-9: runs that cannot be read stop no rollback that leaves them alone', async t => {
  const directory = t.testdir({ 'main.flow.hcl': shop('One.') })
  const type = (...words: readonly string[]) => typeCommand(directory, words)
  for (const text of ['One.', 'Two.']) {
    writeFileSync(join(directory, 'main.flow.hcl'), shop(text))
    t.match(await type('apply', '--yes'), { code: 0 })
  }
  writeFileSync(join(directory, '.flowrun/engine.db'), 'no database at all, but long enough to be taken for one'.repeat(20))
  const back = ['rollback', 'prompt.answer', '--yes', '--reason', 'too long']
  t.match(await type(...back, '--runs', 'pause'), { code: 1, err: /\[registry\/corrupt\]/ })
  t.match(await type('releases', '--json'), { out: /"number": 2/ })
  t.match(JSON.parse((await type(...back, '--json')).out), { release: { number: 3 }, runs: { in_flight: null } })
})
