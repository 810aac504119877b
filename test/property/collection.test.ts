import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import type { Digest } from '../../src/base/digest.ts'
import { collectContents } from '../../src/registry/sqlite/collection.ts'
import type { SqliteRegistry } from '../../src/registry/sqlite/registry.ts'
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor, upload } from '../support/releases.ts'

const RUNS = Number(process.env.FLOWRUN_COLLECTION_RUNS ?? 60)
t.setTimeout(120_000 + RUNS * 1000)

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const text = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
const environment = fc.constantFrom('dev', 'prod')
const texts = fc.record({ 'prompt.p': text, 'prompt.q': text }, { requiredKeys: [] })

const stepArbitrary = fc.oneof(
  fc.record({ do: fc.constant('apply' as const), environment, texts }),
  // Killed between upload and commit: nothing names it.
  fc.record({ do: fc.constant('upload' as const), text }),
  fc.record({ do: fc.constant('roll back' as const), environment }),
  fc.record({ do: fc.constant('submit' as const), text }),
  fc.record({ do: fc.constant('end' as const), text }),
  fc.record({ do: fc.constant('evaluate' as const), text }),
  fc.record({ do: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    do: fc.constant('collect' as const),
    looked: fc.integer({ min: 1, max: 4 }),
    removedBytes: fc.constantFrom(1, 200, 1_000_000),
  }),
)
type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never

/** What happened, as the rules count it. */
interface History {
  readonly registry: SqliteRegistry
  readonly clock: FakeClock
  readonly offeredAtMs: Map<Digest, number>
  /** Of runs in flight. */
  readonly pinned: Set<Digest>
  readonly evaluated: Set<Digest>
  collected: number
}

async function offer(history: History, ...offered: readonly string[]): Promise<void> {
  await upload(history.registry, ...offered)
  for (const each of offered) history.offeredAtMs.set(contentFor(each).digest, history.clock.now())
}

async function take(history: History, step: Step): Promise<void> {
  const { registry, clock, pinned, evaluated } = history
  switch (step.do) {
    case 'apply': {
      await offer(history, ...Object.values(step.texts))
      const blocks = Object.fromEntries(Object.entries(step.texts).map(([address, value]) => [address, { text: value }]))
      await apply(registry, blocks, { environment: step.environment })
      return
    }
    case 'upload':
      return offer(history, step.text)
    case 'roll back': {
      const before = await registry.pointers(step.environment)
      const [pointer] = before.pointers.values()
      const earlier = pointer && (await registry.versionsOf(pointer.address)).find(({ version }) => version < pointer.version)
      if (pointer === undefined || earlier === undefined) return
      const { address, version, owner, digest } = pointer
      const flips = [{ address, before: version, after: earlier.version, ownerBefore: owner, ownerAfter: owner }]
      await apply(registry, {}, { environment: step.environment, kind: 'rollback', flips, holdsPlaced: [{ address, digest }] })
      return
    }
    case 'submit':
      return void pinned.add(contentFor(step.text).digest)
    case 'end':
      return void pinned.delete(contentFor(step.text).digest)
    case 'evaluate': {
      const { digest } = contentFor(step.text)
      const insert = `INSERT OR IGNORE INTO evidence VALUES (?, 'shop', 'eval.e', 'any', 'ana', ?, NULL, 'd', '[]', '[]', '{}', 'r', 0)`
      if (!evaluated.has(digest)) await registry.store.write(() => registry.store.prepared(insert).run(digest, digest))
      evaluated.add(digest)
      return
    }
    case 'wait':
      return clock.advance(step.hours * HOUR_MS)
    case 'collect':
      return collectAndCheck(history, step)
  }
}

async function contentsOf({ store }: SqliteRegistry): Promise<readonly Digest[]> {
  return (await store.read(() => store.prepared<{ digest: Digest }>('SELECT digest FROM content').all())).map(({ digest }) => digest).sort()
}

/** All that releases, states and holds can refer to has a version. */
async function namedIn(registry: SqliteRegistry): Promise<ReadonlyMap<Digest, string>> {
  const addresses = [...(await registry.highestVersions()).keys()]
  const versions = (await Promise.all(addresses.map(address => registry.versionsOf(address)))).flat()
  return new Map(versions.map(({ address, digest }) => [digest, address]))
}

async function collectAndCheck(history: History, pace: { readonly looked: number; readonly removedBytes: number }): Promise<void> {
  const { registry, clock, offeredAtMs, pinned, evaluated } = history
  const before = await contentsOf(registry)
  const named = await namedIn(registry)
  const collect = () => collectContents(registry.store, async () => pinned, pace)
  const removed = await collect()
  history.collected += removed
  const isYoung = (digest: Digest) => clock.now() - (offeredAtMs.get(digest) ?? 0) <= DAY_MS
  const kept = before.filter(digest => named.has(digest) || pinned.has(digest) || evaluated.has(digest) || isYoung(digest))
  assert.deepEqual(await contentsOf(registry), kept)
  assert.equal(removed, before.length - kept.length)
  assert.equal(await collect(), 0, 'GC-4: it is idempotent')
  const queries = [...named].map(([digest, address]) => ({ address, digest }))
  assert.equal((await registry.artifacts(queries)).size, named.size, 'every version can be read')
  for (const name of ['dev', 'prod']) {
    const { release } = await registry.head(name)
    for (let number = 1; number <= release; number++) {
      for (const { digest } of (await registry.pointersAt(name, number)).pointers.values()) assert.ok(named.has(digest))
    }
    for (const { digest } of await registry.holds(name)) assert.ok(named.has(digest))
  }
}

t.test('GC-1, GC-4: what is collected was named by nothing and offered by nobody for a day, after whatever happened', async t => {
  let collected = 0
  const directory = mkdtempSync(join(tmpdir(), 'collection-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  let number = 0
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 4, maxLength: 30 }), async steps => {
      const clock = createFakeClock()
      const registry = await openRegistry(join(directory, String(number++)), { clock })
      const history: History = { registry, clock, offeredAtMs: new Map(), pinned: new Set(), evaluated: new Set(), collected: 0 }
      try {
        for (const step of steps) await take(history, step)
        await clock.advance(2 * DAY_MS)
        await collectAndCheck(history, { looked: 3, removedBytes: 1 })
        assert.equal((await registry.verifyAudit()).intact, true)
        collected += history.collected
      } finally {
        await registry.close()
      }
    }),
    { numRuns: RUNS },
  )
  t.ok(collected > 0, `${collected} contents were collected`)
})

t.test('GC-4: a collection that ends half-way is begun again by the next', async t => {
  const clock = createFakeClock()
  const registry = await openRegistry(t.testdir(), { clock })
  t.teardown(() => registry.close())
  await upload(registry, ...Array.from({ length: 40 }, (_, index) => `left ${index}`))
  await apply(registry, { 'prompt.p': { text: 'kept' } })
  await clock.advance(2 * DAY_MS)
  let writes = 0
  const failing = {
    ...registry.store,
    write: <T>(work: () => T): Promise<T> => (++writes > 7 ? Promise.reject(new Error('killed')) : registry.store.write(work)),
  }
  await t.rejects(
    collectContents(failing, async () => new Set(), { looked: 10, removedBytes: 300 }),
    { message: 'killed' },
  )
  const left = (await contentsOf(registry)).length
  t.ok(left > 1 && left < 41, `${left} are left`)
  t.equal(await registry.collectContents(async () => new Set()), left - 1)
  t.same(await contentsOf(registry), [contentFor('kept').digest])
})

t.test('GC-1: what is committed while it is being collected stays, or is refused cleanly and uploaded again', async t => {
  const clock = createFakeClock()
  const registry = await openRegistry(t.testdir(), { clock })
  t.teardown(() => registry.close())
  await upload(registry, 'late', 'left')
  await clock.advance(2 * DAY_MS)
  // Between the look and the removal somebody publishes what was left there.
  const meanwhile = async () => {
    await apply(registry, { 'prompt.p': { text: 'late' } })
    return new Set<Digest>()
  }
  t.equal(await registry.collectContents(meanwhile), 1)
  t.same(await contentsOf(registry), [contentFor('late').digest])
})
