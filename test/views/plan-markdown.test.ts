import fc from 'fast-check'
import t from 'tap'
import { MARKDOWN_LENGTH_MAX, planMarkdown } from '../../src/views/plan-markdown.ts'
import { sideBySideMarkdown } from '../../src/views/side-by-side.ts'
import { answerChange, changeOf, driftPlan, NOW, planOf, promptOf, release, versionOf } from './plan-fixture.ts'

t.test('3.6 the plan as Markdown for a pull request', async t => {
  const plan = planOf({ ...driftPlan, drift: [], obstacles: [], changes: [{ ...answerChange, usedBy: ['workflow.support'] }] })
  t.equal(
    planMarkdown(plan, { commit: '9e1f3c2' }).replace(/plan `\w{8}`/, 'plan `5c21a09e`'),
    [
      '<!-- flowrun-plan support prod -->',
      '### flowrun plan for `prod`: 0 to add, 1 to change, 0 to destroy',
      '',
      '| | block | version | tokens | per 1,000 calls | used by |',
      '|---|---|---|---:|---:|---|',
      '| ~ | `prompt.answer` | 7 → 8 | 216 (+2) | $0.1797 (+0.2%) | `workflow.support` |',
      '',
      '<details><summary><code>prompt.answer</code> · prompts/answer.md · 1 line changed</summary>',
      '',
      '```diff',
      '  You are the support assistant of Acme.',
      '',
      '- Give a brief answer.',
      '+ Give a step-by-step answer.',
      '  Cite the sources that you used.',
      '  If no source answers the question, say so.',
      '```',
      '</details>',
      '',
      'Against release 15 · plan `5c21a09e` · commit `9e1f3c2` · 2026-11-21 14:02:11Z',
      '',
    ].join('\n'),
  )
})

t.test('an apply as Markdown says what was released, and which holds it lifted', async t => {
  const applied = { release, overrideHold: 'measured again' }
  const markdown = planMarkdown(driftPlan, { applied })
  t.match(markdown, '<!-- flowrun-apply support prod -->\n### flowrun apply for `prod`: 0 added, 2 changed, 0 destroyed\n')
  t.match(markdown, '\n**Holds lifted** (measured again): `model.backup@3` of release 15, by `bo`\n')
  t.match(markdown, '\nApply complete! Release 16 of prod: 0 added, 2 changed, 0 destroyed.\n')
  t.notMatch(markdown, 'refused')
  t.match(planMarkdown(planOf({}), { applied: { release: undefined, overrideHold: undefined } }), /No changes\. `dev` matches/)
})

t.test('a comment is never longer than GitHub takes, and says what it leaves out', async t => {
  const long = (word: string, size: number) => Array.from({ length: size }, (_, index) => `${word} ${index}`).join('\n')
  const change = (name: string, size: number) =>
    changeOf({
      address: `prompt.${name}`,
      action: 'update',
      before: versionOf(1, promptOf([{ role: 'user', text: long('before', size) }])),
      after: versionOf(2, promptOf([{ role: 'user', text: long('after', size) }])),
    })
  const markdown = planMarkdown(planOf({ changes: [change('huge', 5000), change('small', 10), change('big', 3000)] }))
  t.ok(markdown.length <= MARKDOWN_LENGTH_MAX)
  t.match(markdown, 'left out here')
  t.match(markdown, '<code>prompt.small</code>')
  t.notMatch(markdown, '<code>prompt.huge</code>')
})

t.test('a fence or a tag inside of a text ends nothing', async t => {
  const after = versionOf(1, promptOf([{ role: 'user', text: 'x\n```\n</details>\n' }]), { textFiles: { user: 'a<b>.md' } })
  const markdown = planMarkdown(planOf({ changes: [changeOf({ address: 'prompt.a', action: 'create', after })] }))
  t.match(markdown, '````diff\n+ x\n+ ```\n+ </details>\n````\n')
  t.match(markdown, 'a&lt;b&gt;.md')
})

/** Texts that end what stands around them, where a view forgets to guard it. */
const HOSTILE = [
  '```',
  '````',
  '~~~',
  '</details>',
  '<!-- flowrun-plan support prod -->',
  '-->',
  '|',
  '`',
  '\n',
  '\n\n',
  '\r',
  '\u2028',
  '# heading',
  '<script>',
  '\\',
  ' ',
  'word',
]

/** What of Markdown is ours: lines outside of fences, with the fences checked on the way. */
function outsideOfFences(markdown: string): readonly string[] {
  let fence = ''
  const lines: string[] = []
  // A lone carriage return ends a line in Markdown too.
  for (const line of markdown.split(/\r\n|\n|\r/)) {
    const found = /^(`{3,})(\w*)$/.exec(line)
    if (fence === '' && found?.[2] !== undefined && found[2] !== '') fence = found[1] ?? ''
    else if (fence !== '' && line === fence) fence = ''
    else if (fence === '') lines.push(line)
    else if (/^ {0,3}(`{3,})\s*$/.exec(line)?.[1]?.length === fence.length) throw new Error(`it ends the fence: ${line}`)
  }
  if (fence !== '') throw new Error('a fence is open')
  return lines
}

const OURS =
  /^(<!-- flowrun-plan support prod -->|### flowrun plan for `prod`: .*|\| .*\||\|---.*\||<details><summary><code>[^<>]*<\/code> · [^<>]*<\/summary>|<\/details>|\*\*(Drift|Outputs|Apply would be refused):\*\* .*|Against release .*|)$/

t.test('whatever prompts, keys, files and names hold, nothing gets out of its place', t => {
  const text = fc.array(fc.constantFrom(...HOSTILE), { maxLength: 8 }).map(words => words.join(''))
  fc.assert(
    fc.property(text, text, text, text, (before, after, key, name) => {
      const address = `prompt.greet[${JSON.stringify(key).replaceAll('\u2028', '\\u2028')}]`
      const change = changeOf({
        address,
        action: 'update',
        before: versionOf(1, promptOf([{ role: 'user', text: before }])),
        after: versionOf(2, promptOf([{ role: 'user', text: `${after}.` }], { description: name }), { textFiles: { user: name } }),
        usedBy: [address],
      })
      const markdown = planMarkdown(
        planOf({
          ...driftPlan,
          changes: [change],
          drift: [{ address, release: 3, actor: name, atMs: NOW, cause: 'apply' }],
          outputs: [{ name: 'x', action: 'update', type: 'string', sensitive: false }],
          obstacles: [{ kind: 'owned-elsewhere', address, lineage: name }],
        }),
      )
      const lines = outsideOfFences(markdown)
      for (const line of lines) if (!OURS.test(line)) throw new Error(`not ours: ${JSON.stringify(line)}`)
      const opened = lines.filter(line => line.startsWith('<details>')).length
      if (opened !== lines.filter(line => line === '</details>').length) throw new Error('details')
      if (lines.filter(line => line.startsWith('<!--')).length !== 1) throw new Error('markers')
    }),
    { numRuns: 400 },
  )
  t.pass()
  t.end()
})

t.test('a plan of thousands of blocks fits as well, and says how many it leaves out', t => {
  const after = versionOf(1, promptOf([{ role: 'user', text: 'Hello.' }]))
  const all = Array.from({ length: 3000 }, (_, index) => `prompt.a_name_of_some_length_${index}`)
  const changes = all.map(address => changeOf({ address, action: 'create', after, usedBy: all }))
  const drift = all.map(address => ({ address, release: 3, actor: 'bo', atMs: NOW, cause: 'apply' }) as const)
  const plan = planOf({ changes, drift })
  const markdown = planMarkdown(plan)
  t.ok(markdown.length <= MARKDOWN_LENGTH_MAX)
  t.match(markdown, /\d,?\d+ more blocks change: too many for one comment\./)
  t.match(markdown, 'and 2,995 more')
  t.match(markdown, ' · 2,980 more')
  t.ok(sideBySideMarkdown({ plans: [plan, plan, plan], failed: [] }).length <= MARKDOWN_LENGTH_MAX)
  t.end()
})
