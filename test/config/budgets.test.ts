import t from 'tap'
import { compile, MODEL, told } from '../support/configuration.ts'

const budget = (...lines: readonly string[]) => `budget "team" {\n${lines.map(line => `  ${line}\n`).join('')}}\n`
const DAILY = ['limit = "$5"', 'per = "day"'] as const

/** A model whose price nobody knows, a prompt that falls back to it, and one that does not. */
const LOCAL = `${MODEL}
provider "local" {
  type          = "openai_compatible"
  base_url      = "http://localhost:11434/v1"
  allow_private = true
}

model "local" {
  provider = provider.local
  id       = "acme-7b"
}

model "first" {
  provider = provider.simulated
  id       = "simulated-small"
  fallback = [model.local]
}

prompt "reached" {
  model = model.first
  user  = "Say hello."
}

prompt "safe" {
  model = model.fast
  user  = "Say hello."
}

workflow "inner" {
  node "model" "say" { prompt = prompt.reached }
  output { value = node.say.text }
}

workflow "outer" {
  node "flow" "inner" { flow = workflow.inner }
  output { value = node.inner.output }
}

workflow "harmless" {
  node "model" "say" { prompt = prompt.safe }
  output { value = node.say.text }
}

`

t.test('a budget counts all calls of a day of UTC, and blocks, unless it says otherwise', t => {
  const { spec, diagnostics } = compile(budget(...DAILY))
  t.same(told(diagnostics), [])
  t.same(spec('budget', 'team'), {
    limit_nano: 5_000_000_000,
    per: 'day',
    applies_to: [],
    action: 'block',
    warn_at: [0.8],
    timezone: 'UTC',
    unknown_price: 'refuse',
  })
  t.end()
})

t.test('marks are kept as parts of the limit, ascending and once', t => {
  const { spec } = compile(budget(...DAILY, 'warn_at = ["90%", "33.3%", "50%", "90%"]'))
  t.same((spec('budget', 'team') as { readonly warn_at: readonly number[] }).warn_at, [0.333, 0.5, 0.9])
  t.end()
})

t.test('what a budget refuses to be, each with the line', t => {
  const mistakes: readonly (readonly [what: string, code: string, marked: string])[] = [
    ['no limit at all', 'config/out-of-range', budget('limit = «"$0"»', 'per = "day"')],
    ['a limit that is no money', 'config/bad-money', budget('limit = «5»', 'per = "day"')],
    ['a period that is none', 'config/not-one-of', budget('limit = "$5"', 'per = «"year"»')],
    ['no limit', 'config/missing-argument', `«budget "team"» {\n  per = "day"\n}\n`],
    ['a place that is no time zone', 'config/bad-timezone', budget(...DAILY, 'timezone = «"Europe/Berln"»')],
    ['an offset, which knows no summer', 'config/bad-timezone', budget(...DAILY, 'timezone = «"+01:00"»')],
    ['a mark without a sign', 'config/bad-percent', budget(...DAILY, 'warn_at = «[0.8]»')],
    ['a mark past the limit', 'config/out-of-range', budget(...DAILY, 'warn_at = «["120%"]»')],
    ['no cheaper model', 'config/missing-argument', budget(...DAILY, '«action = "degrade"»')],
    ['a cheaper model that is never asked', 'config/conflicting-arguments', budget(...DAILY, '«degrade_to = model.fast»')],
    [
      'something that nobody pays for',
      'config/wrong-reference',
      `${budget(...DAILY, 'applies_to = «[budget.other]»')}\nbudget "other" {\n  limit = "$1"\n  per = "day"\n}\n`,
    ],
  ]
  for (const [what, code, marked] of mistakes) {
    const { diagnostics } = compile(`${MODEL}\n${marked.replace(/[«»]/g, '')}`)
    const underlined = /«(.*?)»/s.exec(marked)?.[1] ?? ''
    t.equal(diagnostics.length, 1, what)
    t.equal(diagnostics[0]?.code, code, what)
    const { subject } = diagnostics[0] ?? {}
    const found = subject?.source.text.slice(subject.start, subject.end) ?? ''
    t.ok(underlined.includes(found) && found !== '', `${what}: ${found}`)
  }
  t.end()
})

t.test('a budget applies to runs of workflows, and may pause them', t => {
  const { spec, diagnostics } = compile(LOCAL + budget(...DAILY, 'applies_to = [workflow.harmless]', 'action = "pause"'))
  t.same(told(diagnostics), [])
  t.match(spec('budget', 'team'), { applies_to: [{ $ref: 'workflow.harmless' }], action: 'pause' })
  t.end()
})

t.test('a time zone that is nearly one is suggested', t => {
  const [diagnostic] = compile(budget(...DAILY, 'timezone = "Europe/Berln"')).diagnostics
  t.same(diagnostic?.suggestions, ['Europe/Berlin'])
  t.end()
})

t.test('BUD-7: a blocking budget over a model without known prices is refused when it is planned', t => {
  const refused = (...lines: readonly string[]) => told(compile(LOCAL + budget(...DAILY, ...lines)).diagnostics)
  t.same(refused(), ['budget/unknown-price "budget \\"team\\""'], 'all models')
  for (const reach of ['model.local', 'provider.local', 'prompt.reached', 'workflow.inner', 'workflow.outer'])
    t.same(refused(`applies_to = [${reach}]`), [`budget/unknown-price "[${reach}]"`], reach)
  t.same(refused('applies_to = [prompt.safe, model.fast, workflow.harmless]'), [], 'it does not reach the model')
  t.same(refused('action = "warn"'), [], 'it refuses nothing')
  t.same(refused('unknown_price = "ignore"'), [], 'it lets such calls pass')
  t.end()
})
