import t from 'tap'
import { digestOfText } from '../../src/base/digest.ts'
import { artifactJson, artifactText, deploymentText } from '../../src/views/artifact.ts'
import { diffJson, diffMarkdown, diffText } from '../../src/views/diff.ts'
import { releasesJson, releasesText } from '../../src/views/releases.ts'
import { createStyle, plainStyle } from '../../src/views/style.ts'
import { displayWidth } from '../../src/views/text-width.ts'
import { versionsJson, versionsText } from '../../src/views/versions.ts'
import { answerBefore, answerChange, changeOf, modelOf, NOW, promptOf, versionOf } from './plan-fixture.ts'

const wide = createStyle({ colored: false, ascii: false, width: 100 })
const digest = (start: string) => `sha256:${start.padEnd(64, '0')}` as const
const at = (text: string) => Date.parse(text)

const version = (number: number, start: string, activeIn: string[], heldIn: string[], made: string, by: string, message: string) => ({
  address: 'prompt.answer',
  version: number,
  digest: digest(start),
  interfaceDigest: digestOfText('i'),
  origin: null,
  createdAtMs: at(made),
  createdBy: by,
  message,
  activeIn,
  heldIn,
})

const versions = {
  address: 'prompt.answer',
  total: 9,
  versions: [
    version(9, 'c80d1e77', ['dev', 'prod'], [], '2026-11-21T15:40:02Z', 'ana', 'Short steps, with sources'),
    version(8, '77be02d4', [], ['prod'], '2026-11-21T13:58:40Z', 'ana', 'Answer step by step'),
    version(7, 'a3f09c11', [], [], '2026-11-14T09:12:33Z', 'bo', 'Say when no source answers'),
  ],
}

t.test('3.13 versions', async t => {
  t.equal(
    versionsText(versions, wide),
    [
      'version  digest    where      made                  by   message',
      '      9  c80d1e77  dev, prod  2026-11-21 15:40:02Z  ana  Short steps, with sources',
      '      8  77be02d4  held prod  2026-11-21 13:58:40Z  ana  Answer step by step',
      '      7  a3f09c11             2026-11-14 09:12:33Z  bo   Say when no source answers',
      '3 of 9 versions',
      '',
    ].join('\n'),
  )
  t.match(JSON.parse(versionsJson(versions)), {
    format_version: '1.0',
    total: 9,
    versions: [{ version: 9, active_in: ['dev', 'prod'], held_in: [] }, {}, {}],
  })
})

const release = (
  number: number,
  kind: 'apply' | 'rollback' | 'promote',
  made: string,
  source: string,
  changeCount: number,
  reason: string,
) => ({
  environment: 'prod',
  number,
  kind,
  applyId: '01JDC7K3M0ABCDEFGHJKMNPQRS',
  lineage: null,
  restores: null,
  changeDigest: digestOfText('c'),
  actor: 'ana',
  source,
  reason,
  createdAtMs: at(made),
  changeCount,
})

const releases = {
  environment: 'prod',
  total: 3,
  releases: [
    release(18, 'promote', '2026-11-21T15:52:10Z', 'dev@22', 2, 'Short steps, with sources'),
    release(17, 'rollback', '2026-11-21T14:09:55Z', '', 1, 'answers twice as long, chats abandoned'),
    release(16, 'apply', '2026-11-21T14:02:11Z', '9e1f3c2', 1, 'Answer step by step'),
  ],
}

t.test('3.13 releases', async t => {
  t.equal(
    releasesText(releases, wide),
    [
      'release  made                  by   from      changes  message',
      '     18  2026-11-21 15:52:10Z  ana  dev@22          2  Short steps, with sources',
      '     17  2026-11-21 14:09:55Z  ana  rollback        1  answers twice as long, chats abandoned',
      '     16  2026-11-21 14:02:11Z  ana  9e1f3c2         1  Answer step by step',
      '',
    ].join('\n'),
  )
  t.match(JSON.parse(releasesJson(releases)).releases[1], { number: 17, kind: 'rollback', changes: 1 })
})

t.test('a table never passes the width: it drops columns, then cuts the last one', async t => {
  for (const width of [60, 70, 80, 100]) {
    const style = createStyle({ colored: false, ascii: false, width })
    const long = {
      ...versions,
      versions: versions.versions.map(item => ({ ...item, message: `${item.message} ${'and more '.repeat(20)}` })),
    }
    for (const line of versionsText(long, style).split('\n')) t.ok(displayWidth(line) <= width, `${width}: ${line}`)
    t.match(versionsText(long, style), '…')
  }
  t.notMatch(versionsText(versions, createStyle({ colored: false, ascii: false, width: 60 })), 'digest')
})

t.test('messages of people are one line without control characters', async t => {
  const [first] = versions.versions
  const evil = {
    ...versions,
    versions: [{ ...(first ?? version(1, 'a', [], [], '2026-01-01T00:00:00Z', '', '')), message: 'a\n\u001b[31mb' }],
  }
  t.match(versionsText(evil, wide), 'a ␛[31mb\n')
})

t.test('an environment or address with nothing says so', async t => {
  t.equal(versionsText({ address: 'prompt.x', versions: [], total: 0 }, plainStyle), 'prompt.x has no versions.\n')
  t.equal(releasesText({ environment: 'dev', releases: [], total: 0 }, plainStyle), 'dev has no release yet.\n')
  t.equal(deploymentText({ environment: 'dev', release: 0, blocks: [] }, plainStyle), 'Nothing is deployed in dev.\n')
})

const shown = {
  address: 'prompt.answer',
  version: 8,
  digest: digest('77be02d4'),
  artifact: promptOf([
    { role: 'system', text: answerBefore },
    { role: 'user', text: { $expr: 'input.question' } },
  ]),
  createdAtMs: at('2026-11-21T13:58:40Z'),
  createdBy: 'ana',
  message: 'Answer step by step',
  activeIn: ['dev', 'prod'],
}

t.test('an artifact reads like its block, and with --content in full', async t => {
  t.equal(
    artifactText(shown, plainStyle),
    [
      'prompt.answer@8  77be02d4',
      '  made          2026-11-21 13:58:40Z by ana',
      '  message       Answer step by step',
      '  active        dev, prod',
      '  model         model.fast',
      '  repair        1',
      '  on_truncated  "fail"',
      '  input         question: string',
      '  system        14 lines (--content shows them)',
      '  user          1 line (--content shows them)',
      '',
    ].join('\n'),
  )
  t.match(artifactText(shown, plainStyle, { content: true }), '\n\n  user\n  │ ${input.question}\n')
  t.match(artifactText({ ...shown, artifact: modelOf({}) }, plainStyle), /timeout +1 m\n/)
  t.match(JSON.parse(artifactJson(shown)), { version: 8, artifact: { kind: 'prompt', spec: { repair: 1 } } })
})

t.test('deployed blocks are a table', async t => {
  const block = { address: 'prompt.answer', version: 8, digest: digest('77be02d4'), changedIn: 16 }
  t.equal(
    deploymentText({ environment: 'prod', release: 16, blocks: [block] }, plainStyle),
    'prod, release 16\n\nblock          version  release  digest\nprompt.answer        8       16  77be02d4\n',
  )
})

t.test('a comparison shows what a plan would', async t => {
  const comparison = { from: 'prompt.answer@7', to: 'prompt.answer@8', changes: [answerChange], same: 0 }
  const options = { environment: 'dev', nowMs: NOW }
  t.match(
    diffText(comparison, plainStyle, options),
    'prompt.answer@7 → prompt.answer@8\n\n  ~ prompt.answer   @7 → @8\n      system  prompts/answer.md\n',
  )
  t.equal(diffText({ ...comparison, changes: [] }, plainStyle, options), 'prompt.answer@7 and prompt.answer@8 are the same.\n')
  t.equal(
    diffText(comparison, plainStyle, { ...options, stat: true }),
    'block          lines added  removed  settings\nprompt.answer            1        1         0\n',
  )
  const added = changeOf({ address: 'model.x', action: 'create', after: versionOf(1, modelOf({})) })
  t.match(diffText({ from: 'dev', to: 'prod', changes: [added], same: 14 }, plainStyle, options), '\n\n1 differs, 14 are the same.\n')
  const manyAddresses = {
    from: 'dev',
    to: 'prod',
    changes: Array.from({ length: 2000 }, () => ({ ...answerChange, address: 'prompt.a["x|y"]' })),
    same: 0,
  }
  const markdown = diffMarkdown(manyAddresses)
  t.ok(markdown.length < 65_536, 'it fits into a comment')
  t.match(markdown, '| ~ | `prompt.a["x\\|y"]` | 7 → 8 |')
  t.match(markdown, '1,700 more differ.')
  t.match(markdown, /diffs are left out here: too long for one comment\. `flowrun diff dev prod` shows all\./)
  t.match(JSON.parse(diffJson(comparison)), { from: 'prompt.answer@7', resource_changes: [{ change: { actions: ['update'] } }] })
})
