import t, { type Test } from 'tap'
import { type FollowingState, writeFollowingState } from '../../src/apply/state-write.ts'
import type { Release, ReleaseOutcome } from '../../src/registry/release.ts'
import type { SqliteRegistry } from '../../src/registry/sqlite/registry.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { createHttpStateBackend } from '../../src/state/backends/http.ts'
import { plainCodec } from '../../src/state/codec.ts'
import { stateWrite } from '../../src/state/encoding.ts'
import { emptyState, type StateSnapshot } from '../../src/state/state.ts'
import { heldClock } from '../conformance/state-backend.ts'
import { openRegistry } from '../support/open-registry.ts'
import { apply, contentFor } from '../support/releases.ts'
import { type StateServer, startStateServer } from '../support/state-server.ts'

const OURS = 'lineage-a'
const OUTPUTS = new Map([['url', { sensitive: false, type: 'string', value: 'ours' } as const]])

interface Applied {
  readonly registry: SqliteRegistry
  readonly backend: StateBackend
  readonly server: StateServer
  /** The state as it was before the release. */
  readonly before: StateSnapshot
  /** Release 1 of prompt.p, and the state that follows it. */
  readonly committed: { readonly outcome: 'released'; readonly release: Release; readonly repeated: boolean }
  readonly following: FollowingState
}

/** A release that was made, and whose state is still to be written over http. */
async function applied(t: Test): Promise<Applied> {
  const registry = await openRegistry(t.testdir())
  const server = await startStateServer()
  const backend = createHttpStateBackend({
    project: 'shop',
    codec: plainCodec,
    clock: heldClock(),
    flowrunVersion: '1.0.0',
    address: `${server.url}/dev`,
    updateMethod: 'POST',
    lock: undefined,
    access: {
      headers: {},
      tls: { rejectUnauthorized: true },
      retry: { max: 0, waitMinMs: 0, waitMaxMs: 0 },
      sleep: async () => {},
      userAgent: 'x',
    },
  })
  t.teardown(async () => {
    await backend.close()
    await server.close()
    await registry.close()
  })
  const before = { ...emptyState(OURS), serial: 1, registryId: (await registry.head('dev')).registryId }
  await backend.write('dev', stateWrite(before, null))
  const committed = await apply(registry, { 'prompt.p': { text: 'one' } })
  if (committed.outcome !== 'released') throw new Error(committed.outcome)
  const owned = new Map([['prompt.p', { version: 1, digest: contentFor('one').digest }]])
  const snapshot: StateSnapshot = { ...before, serial: 2, release: 1, owned, outputs: OUTPUTS }
  const write = stateWrite(snapshot, { lineage: OURS, serial: 1 })
  return { registry, backend, server, before, committed, following: { environment: 'dev', snapshot, write } }
}

t.test('STA-4: a state that moved is read again and folded, never overwritten', async t => {
  const { registry, backend, before, committed, following } = await applied(t)
  const digest = contentFor('kept').digest
  t.comment('somebody who did not hold the lock wrote serial 2 meanwhile, without the release')
  const theirs = { ...before, serial: 2, owned: new Map([['prompt.kept', { version: 1, digest }]]) }
  await apply(registry, { 'prompt.kept': { text: 'kept' }, 'prompt.p': { text: 'one' } })
  await backend.write('dev', stateWrite(theirs, { lineage: OURS, serial: 1 }))
  t.same(await writeFollowingState({ registry, backend }, following, committed), committed)
  const written = await backend.read('dev')
  t.match(written, { lineage: OURS, serial: 3, release: 2 })
  t.same([...(written?.owned.keys() ?? [])].sort(), ['prompt.kept', 'prompt.p'], 'both releases are in it')
  t.same(written?.outputs, new Map(), 'outputs are of the later release, and its apply writes them')
})

t.test('STA-4: with the latest release come its outputs', async t => {
  const { registry, backend, before, committed, following } = await applied(t)
  await backend.write('dev', stateWrite({ ...before, serial: 2 }, { lineage: OURS, serial: 1 }))
  await writeFollowingState({ registry, backend }, following, committed)
  t.match(await backend.read('dev'), { serial: 3, release: 1, outputs: OUTPUTS, owned: following.snapshot.owned })
})

t.test('STA-2: a state that was deleted meanwhile is made anew from the releases', async t => {
  const { registry, backend, server, committed, following } = await applied(t)
  server.store('/dev', '')
  await writeFollowingState({ registry, backend }, following, committed)
  t.same(await backend.read('dev'), following.snapshot)
})

t.test('FAIL-9: what cannot be written follows at the next command, and the error says that the release stands', async t => {
  const { registry, backend, server, before, committed, following } = await applied(t)
  const told = async () => {
    const ended: ReleaseOutcome | Error = await writeFollowingState({ registry, backend }, following, committed).catch(error => error)
    if (!('diagnostic' in ended)) throw new Error('it was written')
    return ended.diagnostic
  }
  server.script({ kind: 'cut' })
  t.match(await told(), {
    code: 'state/not-written',
    summary: 'Release 1 of dev is applied; the state follows at the next command',
    detail: /^The state at \S+ cannot be reached\.\nIt was tried once: the connection was cut\.\n\nNothing is lost: /,
  })
  server.store('/dev', '{"version":4,"terraform_version":"1.11.4","serial":1}')
  t.match(await told(), {
    code: 'state/not-written',
    detail: /^The state at \S+ belongs to something else\.\nTerraform or OpenTofu 1\.11\.4/,
  })

  server.store('/dev', '')
  const foreign = { ...before, lineage: 'lineage-b', serial: 5 }
  await backend.write('dev', stateWrite(foreign, null))
  t.match(await told(), { code: 'state/not-written', detail: /^The state of dev was replaced by one of another lineage\./ })
  t.same(await backend.read('dev'), foreign)

  t.comment('somebody is always faster')
  server.store('/dev', '')
  let serial = 10
  const slow: StateBackend = {
    ...backend,
    write: async (environment, write) => {
      server.store('/dev', '')
      await backend.write('dev', stateWrite({ ...before, serial: serial++ }, null))
      return backend.write(environment, write)
    },
  }
  const ended = await writeFollowingState({ registry, backend: slow }, following, committed).catch(error => error.diagnostic)
  t.match(ended, { code: 'state/not-written', detail: /^The state of dev was written by somebody else meanwhile\./ })
  t.equal(serial, 13, 'three times')
})

t.test('REL-10: without a release a state that moved is an answer, as where both are in one store', async t => {
  const { registry, backend, server, following } = await applied(t)
  const unchanged = { outcome: 'unchanged' } as const
  t.same(await writeFollowingState({ registry, backend }, following, unchanged), unchanged)
  const stale = { ...following, write: stateWrite({ ...following.snapshot, serial: 9 }, { lineage: OURS, serial: 1 }) }
  t.same(await writeFollowingState({ registry, backend }, stale, unchanged), {
    outcome: 'state-moved',
    found: { lineage: OURS, serial: 2 },
  })
  server.script({ kind: 'cut' })
  await t.rejects(writeFollowingState({ registry, backend }, stale, unchanged), { code: 'state/unreachable' })
})
