import fc from 'fast-check'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { PointedVersion, PointerChange } from '../../src/registry/pointer.ts'
import type { ReleaseWithChanges } from '../../src/registry/release.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { catchUp } from '../../src/state/catch-up.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { fold } from '../../src/state/fold.ts'
import { emptyState, type StateSnapshot } from '../../src/state/state.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor } from '../support/releases.ts'

const OURS = 'lineage-a'

async function open(directory: string) {
  const registry = await openRegistry(directory)
  const backend = createSqliteStateBackend(registry)
  return { registry, backend, caughtUp: () => catchUp(registry, backend, 'dev', () => 'new-lineage') }
}

t.test('STA-3, HIST-1: a release that the state missed is recognised by its lineage', async t => {
  const { registry, backend, caughtUp } = await open(t.testdir())
  t.teardown(() => registry.close())
  t.match(await caughtUp(), { snapshot: { lineage: 'new-lineage', serial: 0, release: 0 }, stored: null, recovered: [] })

  const registryId = (await registry.head('dev')).registryId
  const known = { ...emptyState(OURS), serial: 1, registryId }
  await backend.write('dev', stateWrite(known, null))
  await apply(registry, { 'prompt.p': { text: 'one' }, 'prompt.q': { text: 'q' } })
  await apply(registry, { 'prompt.r': { text: 'r' } }, { lineage: 'lineage-b', actor: 'bo' })
  await apply(registry, { 'prompt.p': { text: 'two' } })

  const { snapshot, recovered, stored, pointers } = await caughtUp()
  t.same([...snapshot.owned], [['prompt.p', { version: 2, digest: contentFor('two').digest }]], 'and prompt.q was archived')
  t.equal(snapshot.release, 3)
  t.equal(snapshot.serial, 1, 'nothing was written')
  t.same(stored, { lineage: OURS, serial: 1 })
  t.same(
    recovered.map(release => release.number),
    [1, 3],
  )
  t.equal(pointers.release, 3)

  t.comment('STA-7: a state restored from an older backup is whole again')
  await backend.write('dev', stateWrite({ ...snapshot, serial: 2 }, stored))
  t.match(await caughtUp(), { recovered: [] })
  await backend.write('dev', stateWrite({ ...known, serial: 3 }, { lineage: OURS, serial: 2 }))
  t.same([...(await caughtUp()).snapshot.owned], [...snapshot.owned])
})

t.test('STA-5, HIST-10: a registry that is another, or older than the state, is refused', async t => {
  const { registry, backend, caughtUp } = await open(t.testdir())
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  const { snapshot } = await caughtUp()
  const ours: StateSnapshot = { ...snapshot, lineage: OURS, serial: 1 }
  await backend.write('dev', stateWrite({ ...ours, release: 7 }, null))
  await t.rejects(caughtUp(), {
    code: 'registry/behind-state',
    diagnostic: {
      detail:
        /has seen release 7, and the registry is at release 1: .*\n {2}flowrun apply --accept-registry REASON\nNothing was changed\.$/,
    },
  })
  await backend.write('dev', stateWrite({ ...ours, serial: 2, registryId: 'another' }, { lineage: OURS, serial: 1 }))
  await t.rejects(caughtUp(), { code: 'state/other-registry', diagnostic: { detail: /Nothing was changed\.$/ } })
})

t.test('STA-5: accepting a registry rebuilds what is owned from its releases of the lineage', async t => {
  const { registry, backend } = await open(t.testdir())
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } }, { lineage: OURS })
  const { registryId } = await registry.head('dev')
  const accepted = () => catchUp(registry, backend, 'dev', () => 'new-lineage', { acceptRegistry: true })
  const stranger: StateSnapshot = {
    ...emptyState(OURS),
    serial: 1,
    registryId: 'another',
    release: 40,
    owned: new Map([
      ['prompt.p', { version: 6, digest: contentFor('six').digest }],
      ['prompt.gone', { version: 1, digest: contentFor('gone').digest }],
    ]),
    outputs: new Map([['answer', { sensitive: false, type: 'number', value: 1 }]]),
  }
  await backend.write('dev', stateWrite(stranger, null))
  const owned = [['prompt.p', { version: 1, digest: contentFor('one').digest }]]
  const bound = await accepted()
  t.match(bound, { rebound: true, recovered: [], stored: { serial: 1 }, snapshot: { registryId, release: 1, lineage: OURS, serial: 1 } })
  t.same([...bound.snapshot.owned], owned)
  t.equal(bound.snapshot.outputs.size, 1, 'outputs are of the configuration, not of the registry')

  t.comment('HIST-10: the registry was restored from an older backup')
  await backend.write('dev', stateWrite({ ...stranger, serial: 2, registryId }, { lineage: OURS, serial: 1 }))
  const behind = await accepted()
  t.match(behind, { rebound: true, snapshot: { release: 1, serial: 2 } })
  t.same([...behind.snapshot.owned], owned)

  t.comment('where there is nothing to accept, nothing is')
  await backend.write('dev', stateWrite({ ...behind.snapshot, serial: 3 }, { lineage: OURS, serial: 2 }))
  t.match(await accepted(), { rebound: false, snapshot: { serial: 3 } })
})

t.test('STA-6: a version with two digests is refused', async t => {
  const { registry, backend, caughtUp } = await open(t.testdir())
  t.teardown(() => registry.close())
  await apply(registry, { 'prompt.p': { text: 'one' } })
  await apply(registry, { 'prompt.p': { text: 'two' } })
  const { snapshot } = await caughtUp()
  const owning = (version: number, text: string, serial: number): StateSnapshot => ({
    ...snapshot,
    lineage: OURS,
    serial,
    owned: new Map([['prompt.p', { version, digest: contentFor(text).digest }]]),
  })
  const expected = (serial: number) => ({ lineage: OURS, serial })
  await backend.write('dev', stateWrite(owning(2, 'other', 1), null))
  await t.rejects(caughtUp(), {
    code: 'registry/integrity',
    diagnostic: { address: 'prompt.p', summary: 'prompt.p@2 is not what the state says' },
  })
  await backend.write('dev', stateWrite(owning(1, 'other', 2), expected(1)))
  await t.rejects(caughtUp(), { code: 'registry/integrity' }, 'of a version that is not active, too')
  await backend.write('dev', stateWrite(owning(9, 'one', 3), expected(2)))
  await t.rejects(caughtUp(), { code: 'registry/integrity', diagnostic: { notes: [/^in the state/, 'not in the registry'] } })
  await backend.write('dev', stateWrite(owning(1, 'one', 4), expected(3)))
  t.match(await caughtUp(), { stored: expected(4) })
})

/** A step of a made-up history: what one release does to some addresses, and whether our state was written after it. */
interface Step {
  readonly by: 'us' | 'rollback' | 'them'
  readonly texts: Readonly<Record<string, number>>
  readonly archived: readonly string[]
  readonly killed: boolean
  readonly restored: boolean
}

const ADDRESSES = ['prompt.a', 'prompt.b', 'prompt.c', 'model.m']
const step = fc.record<Step>({
  by: fc.constantFrom('us', 'us', 'rollback', 'them'),
  texts: fc.dictionary(fc.constantFrom(...ADDRESSES), fc.integer({ min: 1, max: 9 })),
  archived: fc.subarray(ADDRESSES),
  killed: fc.boolean(),
  restored: fc.boolean(),
})

interface World {
  readonly pointers: Map<string, PointedVersion & { owner: string }>
  readonly releases: ReleaseWithChanges[]
}

/** Makes a release as the registry would: of what the releaser may move, and nothing when nothing moves. */
function releaseOf(world: World, { by, texts, archived }: Step): void {
  const lineage = by === 'us' ? OURS : by === 'them' ? 'lineage-b' : null
  const number = world.releases.length + 1
  const changes: PointerChange[] = []
  for (const address of ADDRESSES) {
    const before = world.pointers.get(address)
    const version = texts[address]
    const mayMove = lineage === null ? before !== undefined : !before || before.owner === lineage
    if (!mayMove || (version === undefined && !(archived.includes(address) && before)) || version === before?.version) continue
    const owner = lineage ?? before?.owner ?? OURS
    const after = version === undefined ? null : { version, digest: digestOf(version) }
    const pointed = before ? { version: before.version, digest: before.digest } : null
    changes.push({
      address,
      number,
      before: pointed,
      after,
      ownerBefore: before?.owner ?? null,
      ownerAfter: after ? owner : null,
      folded: {},
    })
    if (after) world.pointers.set(address, { ...after, owner })
    else world.pointers.delete(address)
  }
  if (changes.length === 0) return
  const kind = by === 'rollback' ? 'rollback' : 'apply'
  const fixed = {
    environment: 'dev',
    applyId: '',
    changeDigest: digestOf(number),
    restores: null,
    actor: '',
    source: '',
    reason: '',
    createdAtMs: 0,
  }
  world.releases.push({ ...fixed, number, kind, lineage, changes })
}

t.test('STA-2, STA-3: over any history, what is owned follows from the releases of the lineage', async t => {
  const runs = Number(process.env.FLOWRUN_PROPERTY_RUNS ?? 2000)
  let missed = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const world: World = { pointers: new Map(), releases: [] }
      const written: StateSnapshot[] = [emptyState(OURS)]
      for (const next of steps) {
        const stored = (next.restored ? written[Math.floor(written.length / 2)] : written.at(-1)) ?? emptyState(OURS)
        const caught = fold(stored, world.releases.slice(stored.release))
        missed += caught.own.length
        const whole = fold(emptyState(OURS), world.releases)
        if (world.releases.length > 0 && !sameOwned(caught.snapshot, whole.snapshot)) return false
        releaseOf(world, next)
        const after = fold(caught.snapshot, world.releases.slice(caught.snapshot.release))
        if (!ownsItsPointers(after.snapshot, world)) return false
        if (!next.killed) written.push(after.snapshot)
      }
      return true
    }),
    { numRuns: runs },
  )
  t.ok(missed > runs, `${missed} releases were made up for`)
})

function sameOwned(a: StateSnapshot, b: StateSnapshot): boolean {
  const sorted = (snapshot: StateSnapshot) => [...snapshot.owned].sort(([x], [y]) => (x < y ? -1 : 1))
  return digestOf(JSON.parse(JSON.stringify(sorted(a)))) === digestOf(JSON.parse(JSON.stringify(sorted(b))))
}

/** No own release is taken for foreign: where ours was the last word, owned and pointer agree. No pointer of ours is orphaned. */
function ownsItsPointers({ owned }: StateSnapshot, { pointers, releases }: World): boolean {
  for (const [address, pointer] of pointers) {
    if (pointer.owner === OURS && !owned.has(address)) return false
    const last = releases.findLast(release => release.changes.some(change => change.address === address))
    if (last?.lineage === OURS && owned.get(address)?.version !== pointer.version) return false
  }
  return true
}
