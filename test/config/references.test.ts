import t from 'tap'
import { keepIgnored } from '../../src/config/ignored.ts'
import { compile, MODEL, prompt, told } from '../support/configuration.ts'

const outputs = (text: string, versionOf?: (address: string) => number) => {
  const { configuration, diagnostics } = compile(text, versionOf ? { versionOf } : {})
  t.same(told(diagnostics), [])
  return Object.fromEntries((configuration?.outputs ?? []).map(({ name, value }) => [name, value]))
}

t.test('attributes of a block: arguments as written, defaults, catalogue facts, facts of the version', t => {
  const { block, configuration } = compile(
    `${MODEL}
output "read" {
  value = [
    model.fast.id, model.fast.limits.context_window, model.fast.timeout, model.fast.retry.max_attempts, model.fast.fallback,
    model.fast.description, model.fast.name, model.fast.kind, model.fast.address, model.fast.version, model.fast.provider.type,
  ]
}
output "digest" { value = model.fast.digest }
output "block" { value = model.fast }
`,
    { versionOf: () => 7 },
  )
  t.same(
    configuration?.outputs.map(({ value }) => value),
    [
      ['simulated-small', 128_000, '1m', 3, [], null, 'fast', 'model', 'model.fast', 7, 'simulated'],
      block('model.fast').digest,
      'model.fast',
    ],
  )
  t.end()
})

t.test('a version is not known before the registry was asked', t => {
  t.same(outputs(`${MODEL}output "v" { value = model.fast.version }\n`), { v: undefined })
  t.end()
})

const MODELS = `provider "simulated" {}

model "m" {
  for_each = { de = "simulated-de", en = "simulated-en" }
  provider = provider.simulated
  id       = each.value
}

model "n" {
  count    = 2
  provider = provider.simulated
  id       = "simulated-${'${count.index}'}"
}
`

t.test('for_each and count: one instance per key, reached by key, index, splat and all at once', t => {
  const { configuration, spec } = compile(`${MODELS}
model "all" {
  provider = provider.simulated
  id       = "simulated-all"
  fallback = [model.m, model.n]
}

prompt "p" {
  for_each = toset(["de", "en"])
  model    = model.m[each.key]
  user     = "In \${each.key}, \${each.value}."
}

output "key" { value = model.m["de"].id }
output "name" { value = model.m.en.id }
output "index" { value = model.n[1].id }
output "splat" { value = model.n[*].id }
output "for" { value = { for key, m in model.m : key => m.id } }
output "references" { value = model.m }
`)
  t.same(
    configuration?.blocks.map(({ address }) => address),
    ['provider.simulated', 'model.m["de"]', 'model.m["en"]', 'model.n[0]', 'model.n[1]', 'model.all', 'prompt.p["de"]', 'prompt.p["en"]'],
  )
  t.same(
    spec('model', 'all').fallback.map(({ $ref }) => $ref),
    ['model.m["de"]', 'model.m["en"]', 'model.n[0]', 'model.n[1]'],
    'a list of references is flattened',
  )
  t.same(spec('prompt', 'p["de"]').messages, [{ role: 'user', text: 'In de, de.' }])
  t.same(Object.fromEntries((configuration?.outputs ?? []).map(({ name, value }) => [name, value])), {
    key: 'simulated-de',
    name: 'simulated-en',
    index: 'simulated-1',
    splat: ['simulated-0', 'simulated-1'],
    for: { de: 'simulated-de', en: 'simulated-en' },
    references: { de: 'model.m["de"]', en: 'model.m["en"]' },
  })
  t.end()
})

t.test('no instances are none, and no error', t => {
  const { configuration, diagnostics } = compile(
    `${MODEL}prompt "p" {\n  count = 0\n  model = model.fast\n  user  = "x"\n}\noutput "n" { value = length(prompt.p) }\n`,
  )
  t.same([told(diagnostics), configuration?.outputs[0]?.value], [[], 0])
  t.end()
})

t.test('what for_each and count do not take', t => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['for_each = ["a"]', 'config/bad-for-each', '["a"]'],
    ['for_each = null', 'config/bad-for-each', 'null'],
    ['for_each = toset([1])', 'config/bad-for-each', 'toset([1])'],
    ['for_each = sensitive({ a = 1 })', 'config/bad-for-each', 'sensitive({ a = 1 })'],
    ['for_each = input', 'config/deferred-not-allowed', 'input'],
    ['count = -1', 'config/out-of-range', '-1'],
    ['count = 1.5', 'config/out-of-range', '1.5'],
    ['count = 100001', 'config/out-of-range', '100001'],
    ['user2 = each.key', 'config/unsupported-argument', 'user2'],
  ]
  for (const [line, code, underlined] of cases) {
    const { diagnostics } = compile(prompt('user = "x"', line))
    t.same(told(diagnostics), [`${code} ${JSON.stringify(underlined)}`], line)
  }
  const both = compile(prompt('user = "x"', 'for_each = {}', 'count = 1'))
  t.same(told(both.diagnostics), ['config/conflicting-arguments "count = 1"'])
  t.same(told(compile(prompt('user = each.key')).diagnostics), ['config/not-in-scope "each.key"'])
  t.same(told(compile(prompt('user = "${count.index}"')).diagnostics), ['config/not-in-scope "count.index"'])
  t.end()
})

t.test('references that lead nowhere', t => {
  const cases: readonly (readonly [string, string, readonly string[] | undefined])[] = [
    ['model.m["fr"].id', 'config/unknown-reference "model.m[\\"fr\\"].id"', undefined],
    ['model.n[2].id', 'config/unknown-reference "model.n[2].id"', undefined],
    ['model.mm.id', 'config/unknown-reference "model.mm.id"', undefined],
    ['modell.m', 'hcl/unknown-name "modell"', ['model']],
    ['model.n[0].idd', 'hcl/unknown-attribute ".idd"', ['id']],
    ['model', 'config/unknown-reference "model"', undefined],
    ['local.x', 'config/unknown-reference "local.x"', undefined],
    ['var.x', 'config/unknown-reference "var.x"', undefined],
    ['flowrun.projct', 'hcl/unknown-attribute ".projct"', ['project']],
  ]
  for (const [expression, expected, suggestions] of cases) {
    const { diagnostics } = compile(`${MODELS}output "x" { value = ${expression} }\n`)
    t.same(told(diagnostics), [expected], expression)
    if (suggestions) t.same(diagnostics[0]?.suggestions, suggestions)
  }
  t.same(told(compile(prompt('user = "x"', 'depends_on = [prompt.zz]')).diagnostics), ['config/unknown-reference "prompt.zz"'])
  t.same(told(compile(prompt('user = "x"', 'depends_on = "model.fast"')).diagnostics), ['config/wrong-reference "\\"model.fast\\""'])
  t.end()
})

t.test('an argument that waits for a run cannot be read by others', t => {
  const { diagnostics } = compile(
    prompt('input {\n  field "q" { type = string }\n}', 'user = input.q').concat('output "text" { value = prompt.answer.user }\n'),
  )
  t.same(told(diagnostics), ['config/deferred-not-readable "input.q"'])
  t.end()
})

t.test('cycles name everything on them, with its lines, and are told once', t => {
  const model = (name: string, line: string) => `model "${name}" {\n  provider = provider.simulated\n  ${line}\n}\n`
  const P = 'provider "simulated" {}\n'
  const cases: readonly (readonly [string, string, string, readonly string[]])[] = [
    [
      'locals',
      'locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\noutput "a" { value = local.a }\n',
      'local.a → local.b → local.c → local.a',
      ['local.a uses local.b', 'local.b uses local.c', 'local.c uses local.a'],
    ],
    [
      'fallback',
      P + model('a', 'id = "simulated-a"\n  fallback = [model.b]') + model('b', 'id = "simulated-b"\n  fallback = [model.a]'),
      'model.a → model.b → model.a',
      ['model.a uses model.b', 'model.b uses model.a'],
    ],
    [
      'depends_on',
      P + model('a', 'id = "simulated-a"\n  depends_on = [model.b]') + model('b', 'id = "simulated-b"\n  depends_on = [model.a]'),
      'model.a → model.b → model.a',
      ['model.a uses model.b', 'model.b uses model.a'],
    ],
    [
      'attributes',
      P + model('a', 'id = model.b.id') + model('b', 'id = model.a.id'),
      'model.b → model.a → model.b',
      ['model.b uses model.a', 'model.a uses model.b'],
    ],
    [
      'digests',
      `${MODEL}prompt "a" {\n  model = model.fast\n  user = prompt.b.digest\n}\nprompt "b" {\n  model = model.fast\n  user = prompt.a.digest\n}\n`,
      'prompt.b → prompt.a → prompt.b',
      ['prompt.b uses prompt.a', 'prompt.a uses prompt.b'],
    ],
  ]
  for (const [name, text, path, places] of cases) {
    const { diagnostics } = compile(text)
    const [cycle, ...others] = diagnostics
    t.same([cycle?.code, cycle?.summary], ['config/cycle', `These use each other: ${path}`], name)
    t.same([cycle?.where, ...(cycle?.related ?? []).map(({ message }) => message)], places, name)
    t.same(told(others), [], `${name}: nothing follows`)
  }
  const self = compile(P + model('a', 'id = model.a.id'))
  t.same([told(self.diagnostics), self.diagnostics[0]?.summary], [['config/cycle "model.a.id"'], 'model.a uses itself'])
  t.same(told(compile('locals { a = local.a }\noutput "a" { value = local.a }\n').diagnostics), ['config/cycle "local.a"'])
  t.end()
})

t.test('pin: one version by its number or digest, and nothing is known of it but that', t => {
  const digest = `sha256:${'a'.repeat(64)}`
  const { spec, block, diagnostics } = compile(`${MODEL}
prompt "a" {
  model = pin(model.fast, 3)
  user  = "x"
}

prompt "b" {
  model = pin(model.fast, "${digest}")
  user  = "x"
}
`)
  t.same(told(diagnostics), [])
  t.same(spec('prompt', 'a').tiers, [{ model: { $ref: 'model.fast', version: 3 } }])
  t.same(spec('prompt', 'b').tiers, [{ model: { $ref: 'model.fast', digest } }])
  t.same([block('prompt.a').artifact.refs, block('prompt.a').dependsOn], [['model.fast'], []], 'it waits for nothing')
  t.same(outputs(`${MODEL}output "v" { value = pin(model.fast, 3).version }\n`), { v: 3 })

  const cases: readonly (readonly [string, string])[] = [
    ['pin(model.fast)', 'hcl/wrong-argument-count ")"'],
    ['pin(model.fast, 1, 2)', 'hcl/wrong-argument-count "2"'],
    ['pin("model.fast", 1)', 'config/wrong-reference "\\"model.fast\\""'],
    ['pin(model.fsat, 1)', 'config/unknown-reference "model.fsat"'],
    ['pin(model.fast, 0)', 'config/wrong-type "0"'],
    ['pin(model.fast, "v1")', 'config/wrong-type "\\"v1\\""'],
    ['pin(provider.simulated, 1)', 'config/wrong-reference "pin(provider.simulated, 1)"'],
  ]
  for (const [expression, expected] of cases)
    t.same(told(compile(prompt('user = "x"').replace('model.fast\n', `${expression}\n`)).diagnostics), [expected], expression)
  t.same(told(compile(`${MODEL}output "x" { value = pin(model.fast, 3).id }\n`).diagnostics), ['hcl/unknown-attribute ".id"'])
  t.same(told(compile(prompt('user = "x"', 'description = pin(model.fast, 3)')).diagnostics), ['config/wrong-type "pin(model.fast, 3)"'])
  t.end()
})

t.test('a model of a pinned provider has the facts of the catalogue', t => {
  const { spec } = compile('provider "openai" {}\nmodel "m" {\n  provider = pin(provider.openai, 2)\n  id       = "gpt-4o-mini"\n}\n')
  t.match(spec('model', 'm'), { provider: { $ref: 'provider.openai', version: 2 }, limits: { context_window: 128_000 } })
  t.end()
})

t.test('preconditions and postconditions say what their author wrote', t => {
  const lifecycle = (...lines: readonly string[]) => prompt('user = "x"', `lifecycle {\n  ${lines.join('\n  ')}\n}`)
  const condition = (type: string, text: string, message: string) =>
    `${type} {\n    condition     = ${text}\n    error_message = ${message}\n  }`
  const before = compile(lifecycle(condition('precondition', '1 > 2', '"No ${1 + 1}."')))
  t.match(before.diagnostics, [
    { code: 'plan/condition-failed', detail: 'No 2.', summary: 'The precondition of prompt.answer does not hold' },
  ])
  const after = compile(lifecycle(condition('postcondition', 'self.repair > 1', '"repair is ${self.repair}."')))
  t.match(after.diagnostics, [
    { code: 'plan/condition-failed', detail: 'repair is 1.', summary: 'The postcondition of prompt.answer does not hold' },
  ])
  t.same(told(compile(lifecycle(condition('postcondition', 'self.name == "answer"', '"x"'))).diagnostics), [])
  t.same(told(compile(lifecycle(condition('precondition', 'self.repair > 1', '"x"'))).diagnostics), ['config/not-in-scope "self.repair"'])
  t.same(told(compile(lifecycle(condition('precondition', '"perhaps"', '"x"'))).diagnostics), ['config/wrong-type "\\"perhaps\\""'])
  t.same(told(compile(lifecycle('precondition { condition = true }')).diagnostics), ['config/missing-argument "precondition"'])
  t.end()
})

t.test('lifecycle: what it does not take', t => {
  const told1 = (line: string) => told(compile(prompt('user = "x"', `lifecycle { ${line} }`)).diagnostics)
  t.same(told1('prevent_destroy = "maybe"'), ['config/wrong-type "\\"maybe\\""'])
  t.same(told1('ignore_changes = ["user"]'), ['config/wrong-type "[\\"user\\"]"'])
  t.same(told1('ignore_changes = [usr, params]'), ['config/unsupported-argument "[usr, params]"'])
  t.same(told1('ignore_changes = [for_each]'), ['config/unsupported-argument "[for_each]"'])
  t.same(told1('ignore_changes = [user, params, message, tier]'), [])
  t.same(told1('ignore_changes = all'), [])
  t.end()
})

t.test('ignore_changes keeps the published value of what it names', t => {
  const published = compile(
    prompt(
      'description = "old"',
      'system = "Old."',
      'user = "Old user."',
      'max_cost = "$1"',
      'params { temperature = 1 }',
      'cache { ttl = "1h" }',
    ),
  ).block('prompt.answer').artifact
  const own = compile(prompt('system = "New."', 'user = "New user."', 'params { temperature = 0 }', 'repair = 2')).spec('prompt', 'answer')
  const kept = (...names: readonly string[]) => keepIgnored('prompt', own, published, names)
  t.same(kept('system'), {
    ...own,
    messages: [
      { role: 'system', text: 'Old.' },
      { role: 'user', text: 'New user.' },
    ],
  })
  t.same(kept('user'), {
    ...own,
    messages: [
      { role: 'system', text: 'New.' },
      { role: 'user', text: 'Old user.' },
    ],
  })
  t.same(kept('params', 'max_cost'), { ...own, params: { temperature: 1 }, max_cost_nano: 1_000_000_000 })
  t.same(kept('cache'), { ...own, cache: { ttl_ms: 3_600_000, scope: 'tenant' } })
  t.same(kept('description'), { ...own, description: 'old' })
  t.same(kept('repair'), { ...own, repair: 1 })
  t.same(keepIgnored('prompt', own, published, 'all'), published.spec)
  t.same(keepIgnored('prompt', own, undefined, 'all'), own, 'what was not published has nothing to keep')

  const before = compile(MODEL.replace('id  ', 'timeout = "5s"\n  price { input = "$1" }\n  id  ')).block('model.fast').artifact
  const model = compile(MODEL).spec('model', 'fast')
  t.match(keepIgnored('model', model, before, ['timeout', 'price']), {
    timeout_ms: 5000,
    price: [{ input_nano_per_m: 1_000_000_000 }],
    sources: { price: 'block', limits: /catalogue/ },
  })
  t.end()
})

t.test('a chain of 20,000 models, in any order, does not use up the stack', t => {
  const models = Array.from({ length: 20_000 }, (_, index) => {
    const fallback = index === 0 ? '' : `  fallback = [model.m${index - 1}]\n`
    return `model "m${index}" {\n  provider = provider.simulated\n  id       = "simulated-x"\n${fallback}}\n`
  })
  const { configuration, diagnostics } = compile(`provider "simulated" {}\n${models.reverse().join('')}`)
  t.same(diagnostics, [])
  t.same(
    configuration?.blocks.slice(1, 3).map(({ address }) => address),
    ['model.m0', 'model.m1'],
  )
  t.end()
})

t.test('a chain of values that is too long is an error, and no overflow', t => {
  const lines = Array.from({ length: 3000 }, (_, index) => `  a${index} = local.a${index + 1}\n`).join('')
  const { diagnostics } = compile(`locals {\n${lines}  a3000 = 1\n}\noutput "x" { value = local.a0 }\n`)
  t.equal(diagnostics[0]?.code, 'config/too-deep')
  const nested = Array.from({ length: 150 }, (_, index) => `  a${index} = ${'('.repeat(200)}local.a${index + 1}${')'.repeat(200)}\n`).join(
    '',
  )
  t.equal(compile(`locals {\n${nested}  a150 = 1\n}\noutput "x" { value = local.a0 }\n`).diagnostics[0]?.code, 'config/too-deep')
  t.end()
})

t.test('thousands of instances and of mistakes take seconds, not minutes', t => {
  const many = compile(
    `provider "simulated" {}\nmodel "m" {\n  count    = 4000\n  provider = provider.simulated\n  id       = "simulated-x"\n}\nprompt "p" {\n  count = 4000\n  model = model.m[count.index]\n  user  = "x"\n}\n`,
  )
  t.equal(many.configuration?.blocks.length, 8001)
  const wrong = Array.from(
    { length: 2000 },
    (_, index) => `model "a_model_${index}" {\n  provider = provider.simulatd\n  id = model.a_modl_${index}x.id\n}\n`,
  )
  const { diagnostics } = compile(`provider "simulated" {}\n${wrong.join('')}`)
  t.equal(diagnostics.length, 4000)
  t.same(diagnostics[0]?.suggestions, ['provider.simulated'])
  t.end()
})
