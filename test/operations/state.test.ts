import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import fc from 'fast-check'
import t from 'tap'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import type { Deployed } from '../../src/operations/deployed.ts'
import type { StateChangeOptions } from '../../src/operations/state/change.ts'
import { moveInState } from '../../src/operations/state/move.ts'
import { pushState } from '../../src/operations/state/push.ts'
import { listState, listStateHistory, pullState, showInState } from '../../src/operations/state/read.ts'
import { recoverState } from '../../src/operations/state/recover.ts'
import { removeFromState } from '../../src/operations/state/remove.ts'
import { restoreState } from '../../src/operations/state/restore.ts'
import { hostIn, MODEL } from '../support/configuration.ts'
import { openRegistry } from '../support/open-registry.ts'
import { changesOf, isEmpty, type TestProject, testProject } from '../support/project.ts'

function prompts(...names: readonly string[]): string {
  return MODEL + names.map(name => `prompt "${name}" {\n  model = model.fast\n  user  = "Be ${name}."\n}\n`).join('')
}

const quiet: StateChangeOptions = {
  dryRun: false,
  lockTimeoutMs: 5000,
  onWaitingForLock: () => {},
  onTookOver: () => {},
  onStillLocked: () => {},
}

async function found<T>(work: Promise<Deployed<T>>): Promise<T> {
  const result = await work
  if (result.outcome === 'found') return result.value
  throw new Error('the configuration is invalid')
}

/** The state commands, at work in a project. */
function stateOf(project: TestProject, options: Partial<StateChangeOptions> = {}) {
  const host = hostIn(project.folder)
  const all = { ...quiet, ...options }
  return {
    mv: (from: string, to: string) => found(moveInState(host, all, from, to)),
    rm: (...patterns: readonly string[]) => found(removeFromState(host, all, patterns)),
    push: (text: string, force = false) => found(pushState(host, { ...all, force }, { name: 'backup.json', text })),
    restore: (serial: number) => found(restoreState(host, all, serial)),
    recover: (lineage?: string) => found(recoverState(host, { ...all, ...(lineage === undefined ? {} : { lineage }) })),
    pull: () => found(pullState(host, {})),
    list: async (pattern?: string) =>
      (await found(listState(host, {}, pattern))).blocks.map(({ address, version }) => `${address}@${version}`),
    show: (address: string) => found(showInState(host, {}, address)),
    history: () => found(listStateHistory(host, {})),
  }
}

type Stored = {
  serial: number
  lineage: string
  release: number
  registry_id: string
  owned: Record<string, { version: number; digest: string }>
}

/** The pulled state with some fields changed, as a person would with an editor. */
function edited(text: string, change: (state: Stored) => void): string {
  const state: Stored = JSON.parse(text)
  change(state)
  return JSON.stringify(state)
}

async function owners(project: TestProject): Promise<Readonly<Record<string, string | null>>> {
  const registry = await project.registry()
  const { pointers } = await registry.pointers('dev')
  await registry.close()
  return Object.fromEntries([...pointers].map(([address, { owner }]) => [address, owner]))
}

async function auditOf(project: TestProject, action: string) {
  const registry = await project.registry()
  const rows = await registry.audit({ limit: 10, action })
  await registry.close()
  return rows
}

/** Changes the file of the state behind flowrun's back. */
function tamper(project: TestProject, sql: string): void {
  const database = new Sqlite(join(project.folder, '.flowrun/state.db'))
  database.exec(sql)
  database.close()
}

/** STA-2: what is owned follows from the releases alone, so there is nothing to rebuild. */
async function followsFromReleases(project: TestProject): Promise<boolean> {
  return !(await stateOf(project, { dryRun: true }).recover()).written
}

t.test('STA-10, MOVE-1: a rename is one release of kind import, and keeps number and history', async t => {
  const project = testProject(prompts('one', 'two'))
  await project.apply()
  const { mv, list, show, history } = stateOf(project)
  const dry = await stateOf(project, { dryRun: true }).mv('prompt.one', 'prompt.three')
  t.match(dry, { dryRun: true, release: 2, serial: 2 })
  t.equal((await owners(project))['prompt.three'], undefined, 'a dry run changes nothing')

  const moved = await mv('prompt.one', 'prompt.three')
  t.match(moved, { release: 2, serial: 2, changes: [{ action: 'move', address: 'prompt.one', to: 'prompt.three', version: 1 }] })
  t.same(await list('prompt.*'), ['prompt.three@1', 'prompt.two@1'])
  t.match(await show('prompt.three'), { active: { version: 1, owner: moved.lineage, changedIn: 2 } })
  t.same(
    (await history()).snapshots.map(({ serial, intact }) => [serial, intact]),
    [[1, true]],
    'STA-9: the predecessor is kept',
  )
  t.ok(await followsFromReleases(project))
  const registry = await project.registry()
  t.match(await registry.release('dev', 2), { kind: 'import', lineage: moved.lineage, reason: 'state mv prompt.one prompt.three' })
  t.match(await registry.verifyAudit(), { intact: true })
  await registry.close()
  project.write(prompts('three', 'two').replace('Be three.', 'Be one.'))
  t.ok(isEmpty(await project.plan()), 'the configuration follows the name, and nothing is left to do')

  t.comment('a mistake is undone by the same command')
  await mv('prompt.three', 'prompt.one')
  t.same(await list('prompt.*'), ['prompt.one@1', 'prompt.two@1'])
  t.ok(await followsFromReleases(project))
})

t.test('a rename is refused where it would lose something', async t => {
  const project = testProject(prompts('one', 'two', 'three'))
  await project.apply()
  const { mv, rm } = stateOf(project)
  await t.rejects(mv('prompt.one', 'prompt.two'), { code: 'state/address-taken' })
  await t.rejects(mv('prompt.one', 'tool.one'), { code: 'state/other-kind' })
  await t.rejects(mv('prompt.onr', 'prompt.four'), { code: 'state/not-owned', diagnostic: { suggestions: ['prompt.one'] } })
  await t.rejects(mv('model.fast', 'model.slow'), {
    code: 'release/dangling-reference',
    diagnostic: {
      detail:
        /prompt\.one@1 refers to model\.fast[\s\S]*moved \{\n {4}from = model\.fast\n {4}to {3}= model\.slow\n[\s\S]*Nothing was changed\.$/,
    },
  })
  project.write(prompts('one', 'three'))
  await project.apply()
  await t.rejects(mv('prompt.one', 'prompt.two'), {
    code: 'state/address-taken',
    diagnostic: { detail: /published before, up to prompt\.two@1/ },
  })
  await rm('prompt.three')
  await t.rejects(mv('prompt.three', 'prompt.four'), { code: 'state/not-owned' })
  t.ok(await followsFromReleases(project), 'and nothing was changed')
})

t.test('STA-10, MOVE-3: what is given up stays active, and belongs to nobody', async t => {
  const project = testProject(prompts('one', 'two', 'three'))
  await project.apply()
  const { rm, list } = stateOf(project)
  await t.rejects(rm('prompt.t*', 'prompt.four'), { code: 'state/not-owned' }, 'each pattern must fit something')
  t.match(await rm('prompt.t*'), { release: 2, serial: 2, changes: [{ address: 'prompt.three' }, { address: 'prompt.two' }] })
  t.same(await list('prompt.*'), ['prompt.one@1'])
  t.match(await owners(project), { 'prompt.two': null, 'prompt.three': null })
  t.ok(await followsFromReleases(project))
  t.comment('DRIFT-10: one that the configuration still has is adopted again')
  await project.apply()
  t.same(await list('prompt.*'), ['prompt.one@1', 'prompt.three@1', 'prompt.two@1'])
})

t.test('STA-4, STA-10: an older state, another one of the same serial, and one of another lineage are refused', async t => {
  const project = testProject(prompts('one'))
  await project.apply()
  const { pull, push } = stateOf(project)
  const first = await pull()
  t.match(await push(first), { written: false, serial: 1 }, 'what is stored already is nothing new')
  project.write(prompts('one', 'two'))
  await project.apply()
  const second = await pull()
  await t.rejects(push(first), { code: 'state/older-serial', diagnostic: { summary: 'backup.json is older than the state of dev' } })
  const other = edited(second, state => {
    delete state.owned['prompt.two']
  })
  await t.rejects(push(other), { code: 'state/older-serial', diagnostic: { detail: /write the next serial, 3, into the file/ } })
  const foreign = edited(second, state => {
    state.lineage = 'another'
    state.serial = 9
  })
  await t.rejects(push(foreign), {
    code: 'state/other-lineage',
    diagnostic: { detail: /flowrun state push -force backup\.json\nNothing was changed\.$/ },
  })
  t.equal((await auditOf(project, 'state.push')).length, 0, 'AUD-2: a refusal is no change')
  t.equal(await pull(), second)

  t.comment('a pushed state with other ownership is an ownership change')
  const next = edited(other, state => {
    state.serial = 3
  })
  t.match(await push(next), { serial: 3, release: 3, changes: [{ action: 'give-up', address: 'prompt.two' }] })
  t.equal((await owners(project))['prompt.two'], null)
  t.ok(await followsFromReleases(project))
  t.match(await auditOf(project, 'state.push'), [{ subject: 'dev', detail: { serial: 3, forced: false } }])

  t.comment('-force is audited')
  t.match(await push(first, true), { serial: 4 }, 'under the next serial')
  t.match(await auditOf(project, 'state.push'), [{ detail: { forced: true, serial: 4 } }, {}])
  const taken = await push(foreign, true)
  t.match(taken, { lineage: 'another', serial: 9 })
  t.equal((await owners(project))['prompt.one'], 'another', 'the lineage that it replaces owns nothing any more')
  t.ok(await followsFromReleases(project))
  t.match(await stateOf(project).restore(4), { lineage: JSON.parse(first).lineage, serial: 10 }, 'and a forced push can be undone')
  t.ok(await followsFromReleases(project))
})

t.test('a push takes nothing that belongs to a third configuration', async t => {
  const project = testProject(prompts('one', 'two'))
  await project.apply()
  const { pull, push } = stateOf(project)
  const text = await pull()
  tamper(project, `UPDATE pointer SET owner = 'third' WHERE address = 'prompt.two'`)
  const next = edited(text, state => {
    state.serial = 5
  })
  await t.rejects(push(next, true), { code: 'apply/owned-elsewhere' })
  t.equal(await pull(), text)
})

t.test('what is no state is refused, with the field that is wrong', async t => {
  const project = testProject(prompts('one'))
  await project.apply()
  const { pull, push } = stateOf(project)
  const text = await pull()
  const changed = (field: string, value: unknown) => JSON.stringify({ ...JSON.parse(text), serial: 5, [field]: value })
  for (const bad of [
    '',
    '{',
    '[]',
    'null',
    '{}',
    changed('lineage', ''),
    changed('serial', 0),
    changed('serial', 1.5),
    changed('release', -1),
  ])
    await t.rejects(push(bad), { code: 'state/not-a-state' }, bad.slice(0, 40))
  for (const [field, value] of [
    ['owned', []],
    ['owned', { 'prompt.one': { version: 1, digest: 'sha256:0' } }],
    ['outputs', { a: { sensitive: true, type: 'string', value: 'x' } }],
    ['checks', [{ address: 'check.a', status: 'maybe', messages: [] }]],
    ['registry_id', null],
  ] as const)
    await t.rejects(push(changed(field, value)), { code: 'state/not-a-state', diagnostic: { detail: new RegExp(`^Its "${field}"`) } })
  await t.rejects(push(changed('format', 'flowrun.state/2')), { code: 'state/newer-format' })
  await t.rejects(push(changed('registry_id', 'another')), { code: 'state/other-registry' }, 'STA-5')
  await t.rejects(push(changed('release', 40)), { code: 'registry/behind-state' }, 'STA-5')
  const other = { 'prompt.one': { version: 1, digest: `sha256:${'0'.repeat(64)}` } }
  await t.rejects(push(changed('owned', other)), { code: 'registry/integrity' }, 'STA-6')
  t.equal(await pull(), text)
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 3 }), async json => {
      await push(json).then(
        () => t.fail('nothing of this is a state'),
        error => {
          if (!(error instanceof OperationError)) throw error
        },
      )
    }),
    { numRuns: 30 },
  )
})

t.test('STA-7: an earlier state is restored over one that cannot be read, and catches up', async t => {
  const project = testProject(prompts('one'))
  await project.apply()
  project.write(prompts('one', 'two'))
  await project.apply()
  tamper(project, `UPDATE state SET body = replace(body, 'prompt.two', 'prompt.tow')`)
  const { restore, list, history } = stateOf(project)
  await t.rejects(project.plan(), { code: 'state/corrupt', diagnostic: { detail: /flowrun state restore 1\n/ } })
  t.match(await history(), { current: { serial: 2, blocks: undefined }, snapshots: [{ serial: 1, intact: true }] })
  await t.rejects(restore(7), { code: 'state/unknown-snapshot', diagnostic: { detail: /Kept and intact: 1\./ } })
  await t.rejects(restore(2), { code: 'state/unknown-snapshot' }, 'the damaged one is none')
  t.match(await restore(1), { serial: 3, release: undefined, blocks: 3 })
  t.same(await list('prompt.*'), ['prompt.one@1'])
  t.ok(isEmpty(await project.plan()), 'the next plan finds what release 2 did')
  t.match(await auditOf(project, 'state.restore'), [{ detail: { restored: 1, serial: 3 } }])
})

t.test('STA-2: a state that is lost is rebuilt from the releases of its lineage', async t => {
  const project = testProject(`${prompts('one', 'two')}output "greeting" { value = "hello" }\n`)
  await t.rejects(stateOf(project).recover(), { code: 'state/nothing-to-recover' })
  await project.apply()
  const { recover, list, pull, rm } = stateOf(project)
  await rm('prompt.two')
  const before: Stored = JSON.parse(await pull())
  t.match(await recover(), { written: false, serial: 2 }, 'there is nothing to rebuild')

  tamper(project, 'DELETE FROM state')
  await t.rejects(pull(), { code: 'state/absent' })
  const rebuilt = await recover()
  t.match(rebuilt, { lineage: before.lineage, serial: 2, blocks: 3, written: true })
  t.same(JSON.parse(await pull()).owned, before.owned)
  await project.apply()
  t.equal(JSON.parse(await pull()).outputs.greeting.value, 'hello', 'outputs come back with the next apply')

  t.comment('damaged with no snapshot that is intact: the row still says the lineage')
  tamper(project, `UPDATE state SET body = 'x'`)
  t.match(await recover(), { lineage: before.lineage, blocks: 4 })
  t.same(await list('prompt.*'), ['prompt.one@1', 'prompt.two@1'])
})

t.test('STA-2: where several configurations share an environment, recover asks which one this is', async t => {
  const project = testProject(prompts('one'))
  await project.apply()
  const { lineage }: Stored = JSON.parse(await stateOf(project).pull())
  tamper(project, 'DELETE FROM state')
  const registry = await openRegistry(join(project.folder, '.flowrun'), { project: 'project' })
  const pointers = await registry.pointers('dev')
  const [prompt] = [...pointers.pointers.values()].filter(({ address }) => address === 'prompt.one')
  t.ok(prompt)
  const flip = { address: 'prompt.one', before: 1, after: 1, ownerBefore: lineage, ownerAfter: 'second', takeOver: 'theirs now' }
  await registry.commitRelease({
    environment: 'dev',
    applyId: '01M7Z0Y3A644BY1WB8K7R75X0F',
    base: 1,
    kind: 'import',
    lineage: 'second',
    changeDigest: `sha256:${'1'.repeat(64)}`,
    actor: 'bo',
    source: '',
    reason: '',
    versions: [],
    flips: [flip],
    references: [],
  })
  await registry.close()
  const { recover } = stateOf(project)
  await t.rejects(recover(), {
    code: 'state/several-lineages',
    diagnostic: { detail: new RegExp(`  ${lineage}  owns 2 blocks, made release 1 last\n  second  owns 1 block, made release 2 last\n`) },
  })
  await t.rejects(recover('third'), { code: 'state/unknown-lineage' })
  t.match(await recover('second'), { lineage: 'second', blocks: 1, serial: 1 })
})

t.test('STA-5: commands that only read answer while state and registry do not agree', async t => {
  const project = testProject(prompts('one'))
  await project.apply()
  const { pull, push, mv, list, show, history, restore } = stateOf(project)
  const text = await pull()
  tamper(project, `UPDATE meta SET value = 'another' WHERE key = 'registry_id'; UPDATE environment_head SET registry_id = 'another'`)
  await t.rejects(project.plan(), { code: 'state/other-registry' })
  await t.rejects(mv('prompt.one', 'prompt.two'), { code: 'state/other-registry' })
  await t.rejects(push(text.replace('"serial":1', '"serial":2')), { code: 'state/other-registry' })
  t.equal(await pull(), text)
  t.equal((await list()).length, 3)
  t.match(await show('prompt.one'), { version: 1 })
  t.match(await history(), { current: { serial: 1 } })
  await t.rejects(restore(1), { code: 'state/unknown-snapshot' })
})

type Command = { readonly kind: 'apply' | 'mv' | 'rm' | 'push'; readonly name: string; readonly to: string }

t.test('STA-2, STA-10: after any state commands, what is owned follows from the releases', async t => {
  const names = ['one', 'two', 'three', 'four']
  const command = fc.record<Command>({
    kind: fc.constantFrom('apply', 'mv', 'rm', 'push'),
    name: fc.constantFrom(...names),
    to: fc.constantFrom(...names),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 2, maxLength: 6 }), async commands => {
      const project = testProject(prompts('one', 'two'))
      await project.apply()
      const state = stateOf(project)
      for (const { kind, name, to } of commands) {
        try {
          if (kind === 'apply') {
            project.write(prompts(...new Set([name, to])))
            await project.apply()
          } else if (kind === 'mv') await state.mv(`prompt.${name}`, `prompt.${to}`)
          else if (kind === 'rm') await state.rm(`prompt.${name}`)
          else {
            const text = await state.pull()
            await state.push(
              edited(text, stored => {
                stored.serial += 1
                delete stored.owned[`prompt.${name}`]
              }),
            )
          }
        } catch (error) {
          if (!(error instanceof OperationError)) throw error
        }
        if (!(await followsFromReleases(project))) return false
      }
      await project.apply()
      return isEmpty(await project.plan()) && changesOf(await project.plan()).length === 0
    }),
    { numRuns: 15 },
  )
  t.pass('so a lost state is never the loss of a truth')
})

t.test('without a state there is nothing to change', async t => {
  const { rm, restore, pull, list } = stateOf(testProject(prompts('one')))
  await t.rejects(rm('prompt.one'), { code: 'state/absent' })
  await t.rejects(restore(1), { code: 'state/absent' })
  await t.rejects(pull(), { code: 'state/absent' })
  t.same(await list(), [])
})
