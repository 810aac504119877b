import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { appliedText, refusal } from '../../src/views/apply-text.ts'
import { planText } from '../../src/views/plan-text.ts'
import { createStyle, plainStyle } from '../../src/views/style.ts'
import {
  answerBefore,
  changeOf,
  driftPlan,
  firstPlan,
  fourChangesPlan,
  modelOf,
  NOW,
  oneWordPlan,
  planOf,
  promptOf,
  release,
  versionOf,
} from './plan-fixture.ts'

const text = (plan: Parameters<typeof planText>[0], options = {}) => planText(plan, plainStyle, { nowMs: NOW, ...options })

/** The lines of a conversation, without the indentation of this file. */
function lines(strings: TemplateStringsArray): string {
  return `${(strings.raw[0] ?? '')
    .replace(/^\n|\n *$/g, '')
    .replaceAll(/^ {4}/gm, '')
    .replaceAll('\\$', '$')}\n`
}

t.test('3.1 the first plan', async t => {
  t.equal(
    text(firstPlan),
    lines`
    Plan for dev (embedded, no release yet)

      + provider.local   @1   simulated
      + model.fast       @1   simulated-small
      + prompt.answer    @1
          system  prompts/answer.md
             1 + │ You are a friendly assistant.
             2 + │ Answer in one sentence.
          user
             1 + │ \${input.question}
          input   question: string
          tokens  11 fixed
          cost    $0.00 per 1,000 calls (simulated)

    Plan: 3 to add, 0 to change, 0 to destroy.
    `,
  )
})

t.test('3.2 nothing to do', async t => {
  t.equal(
    text(planOf({ base: { ...oneWordPlan.base, release: 1 } })),
    'Plan for dev (embedded), against release 1\nNo changes. dev matches the configuration.\n',
  )
})

t.test('3.3 one word of a prompt', async t => {
  t.equal(
    text(oneWordPlan),
    lines`
    Plan for dev (embedded), against release 14

      ~ prompt.answer   @7 → @8
          system  prompts/answer.md
           1   │ You are the support assistant of Acme.
           2   │
           3 - │ Give a brief answer.
               │        ~~~~~
           3 + │ Give a step-by-step answer.
               │        ~~~~~~~~~~~~
           4   │ Cite the sources that you used.
           5   │ If no source answers the question, say so.
               │ … 9 unchanged lines
          tokens   214 → 216 fixed (+2)
          cost     $0.1794 → $0.1797 per 1,000 calls (+0.2%)
                   basis: median of 1,204 calls in dev in 7 days, 812 in and 96 out
          used by  workflow.support, eval.support_quality

    Plan: 0 to add, 1 to change, 0 to destroy.
    `,
  )
})

t.test('3.4 one line for each change', async t => {
  t.equal(
    text(fourChangesPlan, { concise: true }),
    lines`
    Plan for dev (embedded), against release 15

      ~ model.fast         @4 → @5   id "gpt-4o-mini" → "gpt-4.1-mini"
          prompt.answer costs $0.1794 → $0.4784 per 1,000 calls (+166.7%)
      ~ prompt.answer      @8 → @7   published earlier, 2026-11-14; no new version
      + prompt.translate   @1        188 tokens fixed
      - prompt.greet       @3        no longer in the configuration; its 3 versions are kept

    Plan: 1 to add, 2 to change, 1 to destroy.
    `,
  )
})

t.test('3.5 drift and a hold', async t => {
  t.equal(
    text(driftPlan),
    lines`
    Plan for prod (embedded), against release 15

    Drift: changed in prod, and not by this configuration
      ! model.backup   @3 → @2   rolled back by bo 14 h ago, release 15: "timeouts since 17:20"

      ~ model.backup   @2 → @3   published earlier; would undo the drift above
          params.max_output_tokens  4096 → 8192
          used by                   model.fast (fallback), prompt.answer, workflow.support

      ~ prompt.answer   @7 → @8
          system  prompts/answer.md
           1   │ You are the support assistant of Acme.
           2   │
           3 - │ Give a brief answer.
               │        ~~~~~
           3 + │ Give a step-by-step answer.
               │        ~~~~~~~~~~~~
           4   │ Cite the sources that you used.
           5   │ If no source answers the question, say so.
               │ … 9 unchanged lines
          tokens   214 → 216 fixed (+2)
          cost     $0.1794 → $0.1797 per 1,000 calls (+0.2%)
                   basis: median of 1,204 calls in prod in 7 days, 812 in and 96 out
          used by  workflow.support, eval.support_quality

    Plan: 0 to add, 2 to change, 0 to destroy.

    Apply would be refused, for 1 reason:
      1. model.backup@3 is held in prod since release 15.
         Go back to @2 in the configuration, or: flowrun apply -e prod --override-hold REASON
    `,
  )
  t.notMatch(text(driftPlan, { withoutObstacles: true }), 'refused')
})

t.test('HOLD-3: what --override-hold lifts is named in the plan, and where it was applied', async t => {
  const overriding = { withoutObstacles: true, overrideHold: 'measured again' }
  t.match(
    text(driftPlan, overriding),
    `Plan: 0 to add, 2 to change, 0 to destroy.

Apply lifts this hold: "measured again"
  ! model.backup   @3   rolled back by bo 14 h ago, release 15: "timeouts since 17:20"
`,
  )
  t.notMatch(text(oneWordPlan, overriding), 'lifts')
  const plan = (count: number) => ({ ...driftPlan, obstacles: Array.from({ length: count }, () => driftPlan.obstacles).flat() })
  t.equal(
    appliedText(driftPlan, release, 'measured again'),
    'Apply complete! Release 16 of prod: 0 added, 2 changed, 0 destroyed.\nLifted the hold on model.backup@3.\n',
  )
  t.match(appliedText(plan(2), release, 'x'), '\nLifted the holds on model.backup@3 and model.backup@3.\n')
  t.match(appliedText(plan(4), release, 'x'), '\nLifted 4 holds.\n')
  t.notMatch(appliedText(driftPlan, release), 'Lifted')
})

t.test('DRIFT-9: a reason that lifts holds is told of what it does not lift, alone', async t => {
  const owned = { kind: 'owned-elsewhere', address: 'model.backup', lineage: 'theirs' } as const
  const plan = { ...driftPlan, obstacles: [...driftPlan.obstacles, owned] }
  t.match(refusal(plan, NOW), { code: 'apply/refused', summary: 'Apply refused for 2 reasons' })
  t.match(refusal(plan, NOW, 'measured again'), { code: 'apply/owned-elsewhere' })
})

t.test('3.8 the concise line of a changed prompt says what it costs', async t => {
  t.match(text(oneWordPlan, { concise: true }), '\n  ~ prompt.answer   @7 → @8   +2 tokens, +0.2%\n')
})

t.test('in colour the words are underlined and the mark lines are gone; the text is the same', async t => {
  const colored = planText(oneWordPlan, createStyle({ colored: true, ascii: false, width: 80 }), { nowMs: NOW })
  t.equal(stripVTControlCharacters(colored), text(oneWordPlan).replace(/^ +│ +~+\n/gm, ''))
  t.match(colored, '\u001b[4mbrief\u001b[24m')
  t.match(colored, '\u001b[31m 3 - │'.slice(0, 5))
  t.match(colored, '\u001b[1mprompt.answer\u001b[22m')
})

t.test('without UTF-8 the glyphs are plain', async t => {
  const ascii = planText(oneWordPlan, createStyle({ colored: false, ascii: true, width: 80 }), { nowMs: NOW })
  t.match(ascii, /^[\x00-\x7f]*$/)
  t.match(ascii, ' 3 - | Give a brief answer.')
})

t.test('the facts of a changed model are told with their units, and under the names of their arguments', async t => {
  const before = modelOf({})
  const after = modelOf({
    timeout_ms: 90_000,
    price: [{ above_input_tokens: 0, input_nano_per_m: 400_000_000, output_nano_per_m: 1_600_000_000 }],
    retry: { max_attempts: 4, initial_ms: 500, max_ms: 20_000, on: ['network', 'timeout'] },
    fallback: [{ $ref: 'model.backup' }],
    params: { temperature: 0.2 },
    sources: { capabilities: 'catalogue 2026-11', limits: 'catalogue 2026-11', price: 'catalogue 2026-12' },
  })
  const plan = planOf({
    changes: [changeOf({ address: 'model.fast', action: 'update', before: versionOf(1, before), after: versionOf(2, after) })],
  })
  t.match(
    text(plan),
    lines`
      ~ model.fast   @1 → @2
          price.input         $0.15 → $0.40 per 1M
          price.output        $0.60 → $1.60 per 1M
          fallback            [] → [model.backup]
          timeout             1 m → 1 m 30 s
          retry.max_attempts  3 → 4
          sources.price       "catalogue 2026-11" → "catalogue 2026-12"
          params              not set → { temperature = 0.2 }
    `,
  )
})

t.test('schemas are compared as types', async t => {
  const output = (items: object) =>
    ({ type: 'object', required: ['sources'], 'x-order': ['sources'], properties: { sources: { type: 'array', items } } }) as never
  const before = promptOf([], { output: output({ type: 'string' }) })
  const after = promptOf([], { output: output({ type: 'object', properties: {} }) })
  const plan = planOf({
    changes: [changeOf({ address: 'prompt.answer', action: 'update', before: versionOf(1, before), after: versionOf(2, after) })],
  })
  t.match(text(plan), '\n      ~ output.sources: list(string) → list(object)\n')
})

t.test('new and destroyed texts show their first lines', async t => {
  const long = promptOf([{ role: 'user', text: Array.from({ length: 15 }, (_, index) => `line ${index + 1}`).join('\n') }])
  const created = planOf({ changes: [changeOf({ address: 'prompt.a', action: 'create', after: versionOf(1, long) })] })
  t.match(text(created), '         3 + │ line 3\n             │ … 12 more lines\n')
  t.match(text(created, { verbose: true }), '        15 + │ line 15\n')
  const destroyed = planOf({
    changes: [changeOf({ address: 'prompt.a', action: 'delete', before: versionOf(1, long), reason: 'destroy', keptVersions: 1 })],
  })
  t.match(text(destroyed), '  - prompt.a   @1   its version is kept\n      user\n         1 - │ line 1\n')
})

function changed(before: string, after: string, options = {}): string {
  const plan = planOf({
    changes: [
      changeOf({
        address: 'prompt.a',
        action: 'update',
        before: versionOf(7, promptOf([{ role: 'user', text: before }])),
        after: versionOf(8, promptOf([{ role: 'user', text: after }])),
      }),
    ],
  })
  return text(plan, options)
}

t.test('trailing white space and a lost newline can be seen', async t => {
  t.match(changed('a  \n', 'a\n'), ' 1 - │ a··\n')
  t.match(changed('a\n', 'a'), ' 1 - │ a\n       1 + │ a (no newline at end)\n')
  t.notMatch(changed('a', 'b'), 'no newline')
})

t.test('text that begins with a sign is not misread, and control characters never reach the terminal', async t => {
  t.match(changed('- x\n', '- \u001b[31mred\n'), ' 1 + │ - ␛[31mred\n')
})

t.test('at most 40 changed lines are shown, and the rest is named', async t => {
  const many = (word: string) => Array.from({ length: 60 }, (_, index) => `${word}${index} ${word}`).join('\n')
  const shown = changed(many('left'), many('right'))
  t.equal(shown.match(/^ +\d+ [-+] │/gm)?.length, 40)
  t.match(shown, '… 80 more changed lines: flowrun diff prompt.a@7\n')
  t.equal(changed(many('left'), many('right'), { verbose: true }).match(/^ +\d+ [-+] │/gm)?.length, 120)
})

t.test('marks stand under wide characters', async t => {
  t.match(changed('日本 one two three\n', '日本 one TWO three\n'), '- │ 日本 one two three\n           │          ~~~\n')
})

t.test('outputs show what changes, and never a sensitive value', async t => {
  const plan = planOf({
    outputs: [
      { name: 'url', action: 'create', after: 'https://x', type: 'string', sensitive: false },
      { name: 'key', action: 'update', type: 'string', sensitive: true },
      { name: 'n', action: 'update', before: 3, after: 4, type: 'number', sensitive: false },
      { name: 'same', action: 'no-op', before: 1, after: 1, type: 'number', sensitive: false },
    ],
  })
  t.match(text(plan), 'Outputs\n  + url  "https://x"\n  ~ key  (sensitive, changed)\n  ~ n    3 → 4\n\nPlan: 0 to add')
})

t.test('a price that is not known is called unknown', async t => {
  const after = versionOf(2, promptOf([{ role: 'user', text: answerBefore }]))
  const forecast = {
    costBefore: {
      nanoPerThousandCalls: 820_000_000,
      basis: { kind: 'limit', inputTokens: 100, outputTokens: 1000 },
      modelAddress: 'model.a',
      modelId: 'a',
    },
    costAfter: { nanoPerThousandCalls: null, basis: { kind: 'no-price' }, modelAddress: 'model.a', modelId: 'acme-7b' },
  } as const
  const plan = planOf({
    changes: [changeOf({ address: 'prompt.a', action: 'create', after, forecast: { costAfter: forecast.costAfter } })],
  })
  t.match(text(plan), 'cost   unknown (no price for "acme-7b")\n')
  const updated = planOf({ changes: [changeOf({ address: 'prompt.a', action: 'update', before: after, after, forecast })] })
  t.match(text(updated), 'cost  $0.8200 → unknown (no price for "acme-7b")\n')
  const bounded = planOf({
    changes: [changeOf({ address: 'prompt.a', action: 'update', before: after, after, forecast: { costAfter: forecast.costBefore } })],
  })
  t.match(text(bounded), 'cost  at most $0.8200 per 1,000 calls\n            basis: 100 fixed tokens in, at most 1,000 out\n')
})
