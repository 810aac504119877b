import t from 'tap'
import { conflictDiagnostic } from '../../src/registry/conflict.ts'
import type { Pointer } from '../../src/registry/pointer.ts'
import type { Release, ReleaseConflict } from '../../src/registry/release.ts'
import type { ArtifactVersion } from '../../src/registry/version.ts'
import { contentFor, nextId, versionOf } from '../support/releases.ts'

const { digest } = contentFor('eight')
const interfaceDigest = contentFor('interface').digest
const release: Release = {
  environment: 'prod',
  number: 16,
  kind: 'apply',
  applyId: nextId(),
  lineage: 'lineage-b',
  changeDigest: digest,
  restores: null,
  actor: 'bo',
  source: '',
  reason: '',
  createdAtMs: 0,
}
const existing: ArtifactVersion = {
  ...versionOf('prompt.answer', 8, 'other'),
  origin: null,
  createdAtMs: Date.UTC(2026, 10, 21, 14),
  createdBy: 'ana',
  message: '',
}
const pointer: Pointer = { address: 'prompt.answer', version: 8, digest, interfaceDigest, owner: 'lineage-b', changedIn: 16 }
const change = {
  address: 'prompt.summarise',
  number: 16,
  before: { version: 4, digest },
  after: { version: 5, digest },
  ownerBefore: null,
  ownerAfter: null,
  folded: {},
}
const archived = { ...change, address: 'prompt.greet', after: null }
const broken = { address: 'prompt.answer', version: 8, target: 'model.fast' }

const conflicts: readonly (readonly [conflict: ReleaseConflict, code: string, summary: string, detail: string])[] = [
  [
    {
      outcome: 'moved',
      environment: 'prod',
      base: 15,
      head: 16,
      releases: [{ ...release, changes: [change, archived, change, change, change] }],
    },
    'release/moved',
    'prod is at release 16, and the plan was made against release 15',
    '  release 16 by bo: prompt.summarise @4 → @5, prompt.greet @4 → none, prompt.summarise @4 → @5 and 2 more\nPlan again: flowrun plan -e prod\nNothing was changed.',
  ],
  [
    { outcome: 'version-taken', taken: [{ wanted: versionOf('prompt.answer', 8, 'mine'), existing }] },
    'version/taken',
    'prompt.answer@8 was taken by another text',
    '  prompt.answer@8 has another text, published by ana at 2026-11-21T14:00:00.000Z\nPlan again, and the next free number is used: flowrun plan -e prod\nNothing was changed.',
  ],
  [
    {
      outcome: 'held',
      holds: [
        {
          environment: 'prod',
          address: 'prompt.answer',
          digest,
          rollback: 17,
          reason: 'answers twice as long',
          actor: 'ana',
          createdAtMs: 0,
        },
      ],
    },
    'apply/held',
    'prompt.answer is held in prod',
    `  prompt.answer (${digest.slice(7, 15)}), since release 17 by ana: "answers twice as long"\nChange the block (another text is not held), or release this one on purpose:\n  flowrun apply -e prod --override-hold REASON\nNothing was changed.`,
  ],
  [
    { outcome: 'dangling', references: Array.from({ length: 12 }, () => ({ ...broken, targetVersion: null })) },
    'release/dangling-reference',
    'prompt.answer would refer to model.fast, which would have no version in prod',
    `${'  prompt.answer@8 refers to model.fast\n'.repeat(10)}  and 2 more\nRelease what is referred to as well, or change what refers to it.\nNothing was changed.`,
  ],
  [
    { outcome: 'incompatible', references: [{ ...broken, targetVersion: 3 }] },
    'release/incompatible',
    'prompt.answer would not fit model.fast in prod',
    '  prompt.answer@8 refers to model.fast@3\nThey were never compiled against each other. Apply both together, or roll both back to the release in which they last agreed.\nNothing was changed.',
  ],
]

for (const [conflict, code, summary, detail] of conflicts) {
  t.test(`${code} names what is in the way`, async t => {
    t.same(conflictDiagnostic(conflict, 'prod'), { code, summary, detail })
  })
}

t.test('each conflict has a code, and says that nothing was changed', async t => {
  const others: readonly ReleaseConflict[] = [
    { outcome: 'owned-elsewhere', pointers: [pointer] },
    { outcome: 'state-moved', found: null },
    { outcome: 'content-missing', contents: [{ address: 'prompt.answer', digest }] },
  ]
  const told = others.map(conflict => conflictDiagnostic(conflict, 'prod'))
  t.same(
    told.map(({ code }) => code),
    ['apply/owned-elsewhere', 'state/conflict', 'content/missing'],
  )
  for (const { detail } of told) t.match(detail, /Nothing was changed\.$/)
})
