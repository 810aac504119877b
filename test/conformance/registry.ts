import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Test } from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { apply, contentFor, nextId, planRelease, upload, versionOf } from '../support/releases.ts'

export interface RegistryFactory {
  /** Opens the same store again and again: the connections of several processes. */
  open(project?: string): Promise<Registry>
}

/** What every registry does. A member gives a factory of fresh stores. */
export function registryContract(t: Test, name: string, fresh: (t: Test) => RegistryFactory): void {
  const scenario = (title: string, run: (t: Test, registry: Registry, factory: RegistryFactory) => Promise<void>) =>
    t.test(`${name}: ${title}`, async t => {
      const factory = fresh(t)
      const registry = await factory.open()
      await run(t, registry, factory)
      t.match(await registry.verifyAudit(), { intact: true }, 'the audit chain is whole')
      await registry.close()
    })

  scenario('an environment without a release is at 0 and points to nothing', async (t, registry) => {
    t.match(await registry.head('dev'), { environment: 'dev', release: 0 })
    t.equal((await registry.pointers('dev')).pointers.size, 0)
    t.same(await registry.heads(), [])
    t.same(await registry.releases('dev'), [])
  })

  scenario('REG-2: releases count 1, 2, 3 in each environment', async (t, registry) => {
    for (const text of ['a', 'b', 'c']) t.match(await apply(registry, { 'prompt.p': { text } }), { outcome: 'released' })
    await apply(registry, { 'prompt.p': { text: 'a' } }, { environment: 'prod', lineage: 'lineage-p' })
    t.same(
      (await registry.releases('dev')).map(release => release.number),
      [3, 2, 1],
    )
    t.same(
      (await registry.heads()).map(head => [head.environment, head.release]),
      [
        ['dev', 3],
        ['prod', 1],
      ],
    )
    t.same(
      [...(await registry.pointersTo('prompt.p'))].map(([environment, pointer]) => [environment, pointer.version]),
      [
        ['dev', 3],
        ['prod', 1],
      ],
    )
  })

  scenario(
    'REG-5, REG-6: a reader sees a release whole, with its number, from the moment that it was made',
    async (t, registry, factory) => {
      const reader = await factory.open()
      let isOver = false
      const reading = (async () => {
        let last = 0
        while (!isOver) {
          const { release, pointers } = await reader.pointers('dev')
          t.ok(release >= last, 'it never goes back')
          last = release
          const versions = [...pointers.values()].map(({ version }) => version)
          t.ok(
            versions.every(version => version === release),
            `release ${release}: ${versions}`,
          )
          await new Promise(resolve => setImmediate(resolve))
        }
      })()
      for (let number = 1; number <= 10; number++) {
        await apply(registry, { 'prompt.p': { text: `p${number}` }, 'prompt.q': { text: `q${number}` } })
        t.equal((await reader.pointers('dev')).release, number)
      }
      isOver = true
      await reading
      await reader.close()
    },
  )

  scenario('REG-3: the set of an earlier release is remembered, with what it archived', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'p1' }, 'prompt.q': { text: 'q1' } })
    await apply(registry, { 'prompt.p': { text: 'p2' } })
    await apply(registry, { 'prompt.p': { text: 'p2' }, 'prompt.q': { text: 'q1' } })
    const versions = async (number: number) =>
      [...(await registry.pointersAt('dev', number)).pointers.values()].map(pointer => `${pointer.address}@${pointer.version}`)
    t.same(await versions(0), [])
    t.same(await versions(1), ['prompt.p@1', 'prompt.q@1'])
    t.same(await versions(2), ['prompt.p@2'])
    t.same(await versions(3), ['prompt.p@2', 'prompt.q@1'], 'reactivated, not numbered anew')
    t.same(await versions(4), [], 'there is no such release')
    t.match(await registry.release('dev', 2), { number: 2, changes: [{ address: 'prompt.p' }, { address: 'prompt.q', after: null }] })
    t.equal(await registry.release('dev', 4), undefined)
    t.same(
      (await registry.historyOf('dev', 'prompt.q')).map(({ number, changes }) => [number, changes[0]?.after?.version]),
      [
        [3, 1],
        [2, undefined],
        [1, 1],
      ],
    )
    const last = await registry.lastMoves('dev', ['prompt.p', 'prompt.q', 'prompt.never'])
    t.same([...last.keys()], ['prompt.p', 'prompt.q'])
    for (const [address, move] of last) t.same(move, (await registry.historyOf('dev', address))[0])
  })

  scenario('ID-6, ID-7: numbers belong to the project, and a text has one number', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } })
    await apply(registry, { 'prompt.p': { text: 'two' } }, { environment: 'prod', lineage: 'lineage-p' })
    await apply(registry, { 'prompt.p': { text: 'two' } })
    t.equal((await registry.pointers('dev')).pointers.get('prompt.p')?.version, 2)
    t.same(
      (await registry.versionsOf('prompt.p')).map(version => [version.version, version.digest]),
      [
        [2, contentFor('two').digest],
        [1, contentFor('one').digest],
      ],
    )
    t.equal((await registry.highestVersions()).get('prompt.p'), 2)
    t.match(
      await registry.findVersions([
        { address: 'prompt.p', version: 1 },
        { address: 'prompt.p', version: 9 },
        { address: 'prompt.p', digest: contentFor('two').digest },
      ]),
      [{ version: 1 }, undefined, { version: 2 }],
    )
  })

  scenario(
    'ID-3, HOLD-6: a release that breaks a reference is refused unless it is forced; the facts of the compiler can be asked',
    async (t, registry) => {
      const pair = (version: string) => ({
        'prompt.p': { text: `p${version}`, interfaceName: version },
        'workflow.w': { text: `w${version}`, refersTo: { 'prompt.p': version } },
      })
      await apply(registry, pair('1'))
      await apply(registry, pair('2'))
      t.same(await registry.compiledReferences([{ address: 'workflow.w', version: 2 }]), [
        { address: 'workflow.w', version: 2, target: 'prompt.p', interfaceDigest: digestOf('2') },
      ])
      t.same(await registry.compiledReferences([{ address: 'workflow.w', version: 9 }]), [])
      const back = await planRelease(registry, { 'prompt.p': { text: 'p1' }, 'workflow.w': { text: 'w2' } }, { kind: 'rollback' })
      t.match(await registry.commitRelease(back), { outcome: 'incompatible', references: [{ address: 'workflow.w', targetVersion: 1 }] })
      t.match(await registry.commitRelease({ ...back, forceIncompatible: 'it is not called' }), { outcome: 'released' })
      t.match(await registry.audit({ action: 'release.force' }), [{ reason: 'it is not called', subject: 'dev@3' }])
      const later = { 'prompt.p': { text: 'p1' }, 'workflow.w': { text: 'w2' }, 'prompt.q': { text: 'q' } }
      t.match(await apply(registry, later), { outcome: 'released' }, 'what was let through refuses no later release')
    },
  )

  scenario('AUD-3: rows are asked by address, and a checkpoint holds while the chain grows', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' }, 'prompt.pp': { text: 'one' } })
    await apply(registry, { 'prompt.p': { text: 'one' }, 'prompt.pp': { text: 'two' } })
    const subjects = async (address: string) => (await registry.audit({ address })).map(({ subject }) => subject)
    t.same(await subjects('prompt.p'), ['dev@1'])
    t.same(await subjects('prompt.pp'), ['dev@2', 'dev@1'])
    t.equal((await registry.audit({})).length, 2)
    const [, first] = await registry.audit({})
    if (first === undefined) throw new Error('there is no first row')
    t.match(await registry.verifyAudit({ seq: 1, hash: first.hash }), { intact: true })
    t.match(await registry.verifyAudit({ seq: 1, hash: digestOf('other').slice(7) }), { intact: false, seq: 1, problem: 'rewritten' })
    t.match(await registry.verifyAudit({ seq: 3, hash: first.hash }), { intact: false, seq: 3, problem: 'cut' })
  })

  scenario('projects of one store do not see each other', async (t, registry, factory) => {
    await apply(registry, { 'prompt.p': { text: 'one' } })
    const other = await factory.open('other')
    t.equal((await other.head('dev')).release, 0)
    t.equal((await other.highestVersions()).size, 0)
    t.match(await apply(other, { 'prompt.p': { text: 'two' } }), { outcome: 'released', release: { number: 1 } })
    t.match(await other.verifyAudit(), { intact: true, rows: 1 })
    await other.close()
  })

  scenario('REL-2, REL-4: the same apply id gets the first answer, and is found after a lost one', async (t, registry) => {
    await upload(registry, 'one')
    const request = await planRelease(registry, { 'prompt.p': { text: 'one' } })
    const first = await registry.commitRelease(request)
    t.match(first, { outcome: 'released', repeated: false, release: { number: 1 } })
    await apply(registry, { 'prompt.p': { text: 'two' } })
    t.match(await registry.commitRelease(request), { outcome: 'released', repeated: true, release: { number: 1 } })
    t.equal((await registry.head('dev')).release, 2, 'nothing was done twice')
    t.match(await registry.releaseByApplyId(request.applyId), { number: 1, applyId: request.applyId })
    t.equal(await registry.releaseByApplyId(nextId()), undefined)
    await t.rejects(registry.commitRelease({ ...request, changeDigest: digestOf('other') }), { code: 'registry/apply-id-reused' })
  })

  scenario('REL-3: a moved base is refused, and told by number, actor and addresses', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } })
    await upload(registry, 'mine')
    const mine = await planRelease(registry, { 'prompt.p': { text: 'mine' } })
    await apply(registry, { 'prompt.p': { text: 'theirs' } }, { actor: 'bo' })
    t.match(await registry.commitRelease(mine), {
      outcome: 'moved',
      base: 1,
      head: 2,
      releases: [{ number: 2, actor: 'bo', changes: [{ address: 'prompt.p', before: { version: 1 }, after: { version: 2 } }] }],
    })
    t.equal((await registry.versionsOf('prompt.p')).length, 2, 'nothing was published')
  })

  scenario('REL-7: a number taken by another text refuses; by the same text it is reuse', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } })
    await upload(registry, 'dev text', 'shared')
    const taken = await planRelease(registry, { 'prompt.p': { text: 'prod text' } }, { environment: 'prod' })
    const reuse = await planRelease(registry, { 'prompt.p': { text: 'dev text' } }, { environment: 'stage' })
    await upload(registry, 'prod text')
    await apply(registry, { 'prompt.p': { text: 'dev text' } })
    t.match(await registry.commitRelease(taken), {
      outcome: 'version-taken',
      taken: [{ wanted: { version: 2 }, existing: { version: 2, digest: contentFor('dev text').digest, createdBy: 'ana' } }],
    })
    t.equal((await registry.head('prod')).release, 0)
    t.match(await registry.commitRelease(reuse), { outcome: 'released', release: { number: 1 } })
    t.equal((await registry.pointers('stage')).pointers.get('prompt.p')?.version, 2)
  })

  scenario('HIST-3: dev and prod plan the same number with other texts; the second plans the next one', async (t, registry) => {
    await upload(registry, 'dev 8', 'prod 8')
    const dev = await planRelease(registry, { 'prompt.answer': { text: 'dev 8' } })
    const prod = await planRelease(registry, { 'prompt.answer': { text: 'prod 8' } }, { environment: 'prod' })
    t.match(await registry.commitRelease(dev), { outcome: 'released' })
    t.match(await registry.commitRelease(prod), { outcome: 'version-taken' })
    t.match(await apply(registry, { 'prompt.answer': { text: 'prod 8' } }, { environment: 'prod' }), { outcome: 'released' })
    t.equal((await registry.pointers('prod')).pointers.get('prompt.answer')?.version, 2)
  })

  scenario('REL-8, REL-9: a reference that would dangle is refused, whichever end moves', async (t, registry) => {
    const model = { text: 'model', interfaceName: 'json' }
    const prompt = { text: 'prompt', refersTo: { 'model.fast': 'json' } }
    t.match(await apply(registry, { 'prompt.p': prompt }), {
      outcome: 'dangling',
      references: [{ address: 'prompt.p', version: 1, target: 'model.fast', targetVersion: null }],
    })
    t.equal((await registry.head('dev')).release, 0, 'nothing was released')
    t.match(await apply(registry, { 'prompt.p': prompt, 'model.fast': model }), { outcome: 'released' })
    t.match(await apply(registry, { 'prompt.p': prompt }), { outcome: 'dangling' }, 'the target is archived alone')
    t.match(await apply(registry, {}), { outcome: 'released' }, 'both are archived together')
  })

  scenario('REL-8, ID-3: a version whose interface was never compiled against is refused', async (t, registry) => {
    const compiled = (name: string) => ({ text: 'prompt', refersTo: { 'model.fast': name } })
    await apply(registry, { 'prompt.p': compiled('json'), 'model.fast': { text: 'm1', interfaceName: 'json' } })
    t.match(
      await apply(registry, { 'prompt.p': compiled('json'), 'model.fast': { text: 'm2', interfaceName: 'plain' } }),
      { outcome: 'incompatible', references: [{ address: 'prompt.p', target: 'model.fast', targetVersion: 2 }] },
      'only the target moved, to an interface that nobody compiled the prompt against',
    )
    t.match(
      await apply(registry, { 'prompt.p': compiled('plain'), 'model.fast': { text: 'm2', interfaceName: 'plain' } }),
      { outcome: 'released' },
      'compiled anew, its text and digest the same',
    )
    t.match(
      await apply(registry, { 'prompt.p': compiled('plain'), 'model.fast': { text: 'm1', interfaceName: 'json' } }),
      { outcome: 'released' },
      'the pair has agreed before',
    )
  })

  scenario('REL-10: no pointer moves, no release', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } })
    t.same(await apply(registry, { 'prompt.p': { text: 'one' } }), { outcome: 'unchanged' })
    t.equal((await registry.head('dev')).release, 1)
    t.match(await registry.verifyAudit(), { intact: true, rows: 1 })
  })

  scenario('REG-1: a content is there by its digest before any version names it', async (t, registry) => {
    const { digest } = contentFor('candidate')
    await upload(registry, 'candidate')
    t.match((await registry.artifacts([{ address: 'prompt.p', digest }])).get(digest), { spec: { text: 'candidate' } })
    t.same(await registry.findVersions([{ address: 'prompt.p', digest }]), [undefined])
    t.match(await registry.head('dev'), { release: 0 })
  })

  scenario('GC-1: contents that are gone are named, for another upload', async (t, registry) => {
    const request = await planRelease(registry, { 'prompt.p': { text: 'one' }, 'prompt.q': { text: 'two' } })
    await upload(registry, 'two')
    t.match(await registry.commitRelease(request), {
      outcome: 'content-missing',
      contents: [{ address: 'prompt.p', digest: contentFor('one').digest }],
    })
    await upload(registry, 'one')
    t.match(await registry.commitRelease(request), { outcome: 'released' })
  })

  scenario('ID-8: contents are read by digest, and an absent one is an error that names it', async (t, registry) => {
    await upload(registry, 'one', 'one', 'two')
    const { digest } = contentFor('one')
    const artifacts = await registry.artifacts([
      { address: 'prompt.p', digest },
      { address: 'prompt.q', digest },
    ])
    t.match(artifacts.get(digest), { spec: { text: 'one' } })
    const absent = contentFor('three').digest
    await t.rejects(registry.artifacts([{ address: 'prompt.r', digest: absent }]), {
      code: 'content/missing',
      diagnostic: { address: 'prompt.r', detail: new RegExp(`${registry.name}.*${absent}`, 's') },
    })
    await t.rejects(registry.uploadContents([{ digest: absent, body: '{}' }]), { code: 'registry/wrong-digest' })
  })

  scenario('DRIFT-9, REG-4: an address of another lineage is not overwritten without consent', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } }, { lineage: 'lineage-a' })
    t.match(await apply(registry, { 'prompt.p': { text: 'two' } }, { lineage: 'lineage-b' }), {
      outcome: 'owned-elsewhere',
      pointers: [{ address: 'prompt.p', owner: 'lineage-a' }],
    })
    const request = await planRelease(registry, { 'prompt.p': { text: 'two' } }, { lineage: 'lineage-b' })
    const flips = request.flips.map(flip => ({ ...flip, takeOver: 'the team moved here' }))
    t.match(await registry.commitRelease({ ...request, flips }), { outcome: 'released' })
    t.equal((await registry.pointers('dev')).pointers.get('prompt.p')?.owner, 'lineage-b')
    t.match(
      await registry.audit({ address: 'prompt.p', limit: 1 }),
      [{ action: 'pointer.take', subject: 'dev prompt.p', reason: 'the team moved here', detail: { release: 2, from: 'lineage-a' } }],
      'AUD-2: with the reason',
    )
  })

  scenario('HOLD-1, HOLD-3, HIST-2: what was rolled back is held, whatever its number', async (t, registry) => {
    await apply(registry, { 'prompt.answer': { text: 'seven' } })
    await apply(registry, { 'prompt.answer': { text: 'eight' } })
    const eight = { address: 'prompt.answer', digest: contentFor('eight').digest }
    const flip = { address: 'prompt.answer', before: 2, after: 1, ownerBefore: 'lineage-a', ownerAfter: 'lineage-a' }
    const back = await planRelease(
      registry,
      {},
      { kind: 'rollback', lineage: null, reason: 'too long', flips: [flip], holdsPlaced: [eight] },
    )
    t.match(await registry.commitRelease(back), { outcome: 'released', release: { number: 3, kind: 'rollback' } })
    t.match(await registry.holds('dev'), [{ ...eight, rollback: 3, reason: 'too long', actor: 'ana' }])

    const again = await apply(registry, { 'prompt.answer': { text: 'eight' } })
    t.match(again, { outcome: 'held', holds: [{ address: 'prompt.answer', rollback: 3 }] })
    t.match(await apply(registry, { 'prompt.answer': { text: 'nine' } }), { outcome: 'released' }, 'a third text is not held')
    t.match(await apply(registry, { 'prompt.answer': { text: 'eight' } }), { outcome: 'held' }, 'HOLD-5: a third version lifts nothing')
    t.match(
      await apply(registry, { 'prompt.answer': { text: 'eight' } }, { environment: 'prod', lineage: 'lineage-p' }),
      { outcome: 'released' },
      'other environments are not held',
    )
    const override = { holdsLifted: [eight], overrideReason: 'it is short enough now' }
    t.match(await apply(registry, { 'prompt.answer': { text: 'eight' } }, override), { outcome: 'released' })
    t.same(await registry.holds('dev'), [])
    t.match(await registry.holds('dev', true), [{ ...eight, lifted: { actor: 'ana', reason: 'it is short enough now' } }])
    const [entry] = await registry.audit({ limit: 1, action: 'hold.override' })
    t.match(entry, { subject: 'dev prompt.answer', reason: 'it is short enough now', detail: { release: 5 } })
  })

  scenario('PROM-3: a change remembers the variables that were folded in', async (t, registry) => {
    await upload(registry, 'one')
    const request = await planRelease(registry, { 'prompt.p': { text: 'one' } })
    const folded = { tone: digestOf('kind') }
    await registry.commitRelease({ ...request, flips: request.flips.map(flip => ({ ...flip, folded })) })
    t.same((await registry.release('dev', 1))?.changes[0]?.folded, folded)
  })

  scenario('AUD-1, AUD-2: each release is a link of one chain', async (t, registry) => {
    await apply(registry, { 'prompt.p': { text: 'one' } }, { actor: 'bo\ud800', reason: 'why\udfff "so"' })
    await apply(registry, { 'prompt.p': { text: 'two' } })
    const rows = await registry.audit({ limit: 10 })
    t.same(
      rows.map(row => [row.seq, row.action, row.subject]),
      [
        [2, 'release.apply', 'dev@2'],
        [1, 'release.apply', 'dev@1'],
      ],
    )
    t.equal(rows[1]?.prev, '0'.repeat(64))
    t.equal(rows[0]?.prev, rows[1]?.hash)
    t.match(await registry.verifyAudit(), { intact: true, rows: 2, head: rows[0]?.hash })
    t.equal((await registry.audit({ limit: 10, actor: 'ana' })).length, 1)
  })

  scenario('twenty applies at once: each release has its number, none is lost', async (t, registry, factory) => {
    const appliers = await Promise.all(Array.from({ length: 20 }, () => factory.open()))
    const releases = await Promise.all(
      appliers.map(async (applier, index) => {
        const lineage = `lineage-${index}`
        for (let tries = 0; tries < 100; tries++) {
          const outcome = await apply(applier, { [`prompt.p${index}`]: { text: `text ${index}` } }, { lineage })
          if (outcome.outcome === 'released') return outcome.release.number
          if (outcome.outcome !== 'moved') return outcome.outcome
        }
        return 'never'
      }),
    )
    t.same(
      releases.toSorted((a, b) => Number(a) - Number(b)),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    t.equal((await registry.pointers('dev')).pointers.size, 20)
    for (const applier of appliers) await applier.close()
  })

  scenario('REG-3, REG-7, ID-6: over any history each release keeps its set, and no number gets a second text', async (t, registry) => {
    const names = ['prompt.a', 'prompt.b', 'prompt.c']
    const texts = fc.dictionary(fc.constantFrom(...names), fc.constantFrom('x', 'y', 'z'))
    const history = fc.array(fc.record({ environment: fc.constantFrom('dev', 'prod'), texts }), { maxLength: 8 })
    const sets = new Map<string, Readonly<Record<string, string>>[]>()
    await fc.assert(
      fc.asyncProperty(history, async steps => {
        for (const { environment, texts } of steps) {
          const blocks = Object.fromEntries(Object.entries(texts).map(([address, text]) => [address, { text }]))
          const { outcome } = await apply(registry, blocks, { environment })
          const known = sets.get(environment) ?? []
          if (outcome === 'released') sets.set(environment, [...known, texts])
          else if (outcome !== 'unchanged' || !isDeepStrictEqual({ ...texts }, { ...known.at(-1) })) return false
        }
        return true
      }),
      { numRuns: 20 },
    )
    for (const [environment, expected] of sets) {
      t.equal((await registry.head(environment)).release, expected.length)
      for (const [index, texts] of expected.entries()) {
        const { pointers } = await registry.pointersAt(environment, index + 1)
        const digests = Object.entries(texts).map(([address, text]) => [address, contentFor(text).digest])
        t.same(Object.fromEntries([...pointers].map(([address, { digest }]) => [address, digest])), Object.fromEntries(digests))
      }
    }
    for (const name of names) {
      const versions = await registry.versionsOf(name)
      t.same(versions.map(({ version }) => version).toSorted(), [1, 2, 3], 'three texts, three numbers, however often they come back')
    }
  })

  scenario(
    'MOVE-1: a renamed address keeps its numbers, its holds and its history; the other environment follows when it applies',
    async (t, registry) => {
      const model = { 'model.m': { text: 'm', interfaceName: 'json' } }
      for (const environment of ['dev', 'prod']) {
        await apply(registry, { ...model, 'prompt.old': { text: 'one', refersTo: { 'model.m': 'json' } } }, { environment })
      }
      await apply(registry, { ...model, 'prompt.old': { text: 'two', refersTo: { 'model.m': 'json' } } })
      await registry.commitRelease({
        ...(await planRelease(registry, { ...model, 'prompt.old': { text: 'one', refersTo: { 'model.m': 'json' } } })),
        kind: 'rollback',
        holdsPlaced: [{ address: 'prompt.old', digest: contentFor('two').digest }],
      })
      const moved = async (environment: string) => {
        const pointer = (await registry.pointers(environment)).pointers.get('prompt.old')
        const request = await planRelease(registry, model, { environment, moves: [{ from: 'prompt.old', to: 'prompt.new' }] })
        const arrival = { address: 'prompt.new', before: null, after: pointer?.version ?? 0, ownerBefore: null, ownerAfter: 'lineage-a' }
        return registry.commitRelease({ ...request, flips: [...request.flips, arrival] })
      }
      t.match(await moved('dev'), { outcome: 'released', release: { number: 4 } })
      t.same(
        (await registry.versionsOf('prompt.new')).map(({ version, digest, origin }) => [version, digest, origin]),
        [
          [2, contentFor('two').digest, 'prompt.old@2'],
          [1, contentFor('one').digest, 'prompt.old@1'],
        ],
      )
      t.match(await registry.holds('dev'), [{ address: 'prompt.new', digest: contentFor('two').digest }])
      t.same(
        (await registry.historyOf('dev', 'prompt.new')).map(({ number, changes }) => [number, changes[0]?.address]),
        [
          [4, 'prompt.new'],
          [3, 'prompt.old'],
          [2, 'prompt.old'],
          [1, 'prompt.old'],
        ],
      )
      t.ok((await registry.pointers('prod')).pointers.has('prompt.old'))
      t.match(await moved('prod'), { outcome: 'released', release: { number: 2 } })
      t.equal((await registry.versionsOf('prompt.new')).length, 2, 'copied once')
      t.match(
        await apply(registry, { 'prompt.new': { text: 'one' } }),
        { outcome: 'dangling' },
        'what it refers to is known of the copies too',
      )
    },
  )

  scenario('a commit that refuses leaves nothing behind', async (t, registry) => {
    await apply(registry, { 'model.m': { text: 'm', interfaceName: 'json' } })
    const refused = { 'model.m': { text: 'm', interfaceName: 'json' }, 'prompt.p': { text: 'p', refersTo: { 'model.gone': 'json' } } }
    t.match(await apply(registry, refused), { outcome: 'dangling' })
    t.same(await registry.versionsOf('prompt.p'), [])
    t.equal((await registry.releases('dev')).length, 1)
    await upload(registry, 'p')
    const request = await planRelease(registry, { 'model.m': { text: 'm', interfaceName: 'json' }, 'prompt.p': { text: 'p' } })
    t.match(await registry.commitRelease(request), { outcome: 'released', release: { number: 2 } }, 'the facts of the refused one are gone')
    t.equal(versionOf('prompt.p', 1, 'p').digest, (await registry.pointers('dev')).pointers.get('prompt.p')?.digest)
  })
}
