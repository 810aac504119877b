import t from 'tap'
import { createSuspectKeeper, type SuspectProcess } from '../../src/engine/durable/embedded/suspects.ts'
import { createFakeClock } from '../support/fake-clock.ts'

type End = 'done' | 'killed' | 'refused'

/** A keeper of made-up processes, and what became of them. */
function scene() {
  const clock = createFakeClock()
  const queue = new Set<string>()
  const said: string[] = []
  let end: ((how: End) => void) | undefined
  const startSuspects = (): SuspectProcess => {
    const { promise, resolve } = Promise.withResolvers<End>()
    end = resolve
    said.push('started')
    return { pid: 7, ended: promise, drain: () => said.push('drained'), kill: () => end?.('killed') }
  }
  const self = { host: 'here', bootId: 'boot' }
  const store = { suspects: async () => [...queue] }
  const onEnd = async () => void said.push('ended')
  return {
    ...{ clock, queue, said, keeper: createSuspectKeeper({ store, clock, timers: clock, process: self, startSuspects }, onEnd) },
    end: async (how: End) => {
      end?.(how)
      await clock.advance(0)
    },
  }
}

const OWNER = { id: 'o', host: 'here', bootId: 'boot', pid: 7, beat: 1, version: '1' }

t.test('OWN-7: a process for suspects is started when there is one, and no second beside it', async t => {
  const { keeper, queue, said, end } = scene()
  await keeper.look()
  t.same(said, [])
  queue.add('R1').add('R2')
  await keeper.look()
  await keeper.look()
  t.same(said, ['started'])
  await end('killed')
  await keeper.look()
  t.same(said, ['started', 'ended', 'started'], 'a run that killed it keeps none of the others waiting')
})

t.test('a process that refuses to work is left alone for a while', async t => {
  const { keeper, clock, queue, said, end } = scene()
  queue.add('R1')
  await keeper.look()
  await end('refused')
  await clock.advance(29_000)
  await keeper.look()
  t.same(said, ['started', 'ended'])
  await clock.advance(1000)
  await keeper.look()
  t.same(said, ['started', 'ended', 'started'])
})

t.test('OWN-3: a process that was given up for its silence is killed, and no other that has its pid elsewhere', async t => {
  const { keeper, clock, queue, said } = scene()
  queue.add('R1')
  await keeper.look()
  keeper.end([
    { ...OWNER, host: 'there' },
    { ...OWNER, bootId: 'before' },
    { ...OWNER, pid: 8 },
  ])
  await clock.advance(0)
  t.same(said, ['started'])
  keeper.end([OWNER])
  await clock.advance(0)
  t.same(said, ['started', 'ended'])
})

t.test('OWN-4: a drain lets the process end by itself, and kills it when it does not', async t => {
  const { keeper, clock, queue, said } = scene()
  await keeper.drain(1000)
  queue.add('R1')
  await keeper.look()
  await clock.runUntil(keeper.drain(1000))
  t.same(said, ['started', 'drained', 'ended'])
})
