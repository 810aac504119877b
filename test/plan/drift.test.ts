import t from 'tap'
import { type Digest, digestOf } from '../../src/base/digest.ts'
import { classify } from '../../src/plan/drift.ts'
import type { Pointer } from '../../src/registry/pointer.ts'

const OURS = 'lineage-a'
const NUMBERS: Readonly<Record<string, number>> = { a: 1, b: 2, c: 3 }
const digest = (name: string): Digest => digestOf(name)

function pointer(name: string, owner: string | null): Pointer {
  return { address: 'prompt.p', version: NUMBERS[name] ?? 0, digest: digest(name), interfaceDigest: digest('plain'), owner, changedIn: 1 }
}

interface Case {
  readonly c?: string
  readonly s?: string
  readonly r?: string
  /** Of the pointer; ours when left out. */
  readonly owner?: string | null
  readonly held?: boolean
}

function ruleOf({ c, s, r, owner = OURS, held = false }: Case) {
  return classify({
    configuration: c === undefined ? undefined : digest(c),
    state: s === undefined ? undefined : { version: NUMBERS[s] ?? 0, digest: digest(s) },
    registry: r === undefined ? undefined : pointer(r, owner),
    lineage: OURS,
    held,
  })
}

const cases: readonly (readonly [title: string, expected: string, ...Case[]])[] = [
  ['DRIFT-1: all the same is unchanged', 'DRIFT-1 unchanged', { c: 'a', s: 'a', r: 'a' }, { c: 'a', s: 'a', r: 'a', held: true }],
  ['DRIFT-2: only the configuration differs', 'DRIFT-2 change', { c: 'b', s: 'a', r: 'a' }, { c: 'b', s: 'a', r: 'a', held: true }],
  ['DRIFT-3: nobody has it yet', 'DRIFT-3 create', { c: 'a' }, { c: 'a', held: true }],
  ['DRIFT-4: gone from the configuration', 'DRIFT-4 archive', { s: 'a', r: 'a' }],
  ['DRIFT-5: rolled back, and the configuration still says what is held', 'DRIFT-5 rolled-back', { c: 'a', s: 'a', r: 'b', held: true }],
  [
    'DRIFT-6: somebody released what the configuration says',
    'DRIFT-6 converged',
    { c: 'b', s: 'a', r: 'b' },
    { c: 'b', s: 'a', r: 'b', held: true },
  ],
  [
    'DRIFT-7: moved by others, and the configuration says something else',
    'DRIFT-7 drift-and-change',
    { c: 'c', s: 'a', r: 'b' },
    { c: 'c', s: 'a', r: 'b', held: true },
    { c: 'a', s: 'a', r: 'b' },
  ],
  ['DRIFT-8: archived by others', 'DRIFT-8 archived-by-others', { c: 'a', s: 'a' }, { c: 'b', s: 'a' }],
  ['DRIFT-11: gone on both sides', 'DRIFT-11 gone', { s: 'a' }],
  ['DRIFT-12: moved by others, then removed here', 'DRIFT-12 drift-then-archive', { s: 'a', r: 'b' }],
  ['STA-2: an owner that the state lost is still the owner', 'DRIFT-1 unchanged', { c: 'a', r: 'a' }],
  ['STA-2: the same, with another text', 'DRIFT-2 change', { c: 'b', r: 'a' }],
  [
    'not in the configuration and not ours is not shown',
    'not shown',
    {},
    { r: 'a' },
    { r: 'a', owner: null },
    { r: 'a', owner: 'lineage-b' },
  ],
]

for (const [title, expected, ...examples] of cases) {
  t.test(title, async t => {
    for (const example of examples) {
      const rule = ruleOf(example)
      t.equal(rule ? `${rule.id} ${rule.kind}` : 'not shown', expected)
    }
  })
}

t.test('DRIFT-9 comes first: the owner is another lineage', async t => {
  for (const s of [undefined, 'a', 'b'] as const) {
    const state = s === undefined ? {} : { s }
    for (const c of ['a', 'b']) {
      t.same(ruleOf({ c, ...state, r: 'a', owner: 'lineage-b' }), {
        id: 'DRIFT-9',
        kind: 'owned-elsewhere',
        given: true,
        owner: 'lineage-b',
      })
    }
  }
  t.match(ruleOf({ s: 'a', r: 'a', owner: 'lineage-b' }), { id: 'DRIFT-9', given: false }, 'the state forgets it, the pointer stays')
})

t.test('DRIFT-10 comes second: nobody owns it', async t => {
  for (const c of ['a', 'b']) t.same(ruleOf({ c, r: 'a', owner: null }), { id: 'DRIFT-10', kind: 'unowned', given: true })
  t.match(ruleOf({ s: 'a', r: 'a', owner: null }), { id: 'DRIFT-10', given: false }, 'given up: the state forgets it')
})

t.test('of every combination at most one rule fits, and it is one of the twelve', async t => {
  const texts = [undefined, 'a', 'b', 'c']
  const seen = new Set<string>()
  for (const c of texts)
    for (const s of texts)
      for (const r of texts)
        for (const owner of [OURS, 'lineage-b', null])
          for (const held of [true, false]) {
            const example = { ...(c && { c }), ...(s && { s }), ...(r && { r }), owner, held }
            const rule = ruleOf(example)
            t.equal(rule === undefined, c === undefined && s === undefined)
            if (rule) seen.add(rule.id)
          }
  t.equal(seen.size, 12)
})
