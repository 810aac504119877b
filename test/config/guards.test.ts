import t from 'tap'
import { compile, MODEL, prompt, told } from '../support/configuration.ts'

/** A guard with one mistake: what is underlined stands between « and ». */
function refuses(name: string, mistakes: readonly (readonly [what: string, code: string, marked: string])[]): void {
  t.test(name, t => {
    for (const [what, code, marked] of mistakes) {
      const { diagnostics } = compile(MODEL + marked.replace(/[«»]/g, ''))
      t.same(told(diagnostics), [`${code} ${JSON.stringify(/«(.*?)»/s.exec(marked)?.[1])}`], what)
    }
    t.end()
  })
}

const guard = (...lines: readonly string[]) => `guard "x" {\n${lines.map(line => `  ${line}\n`).join('')}}\n`

t.test('a guard keeps its detectors in source order, each with its action', t => {
  const { spec, diagnostics } = compile(
    `${MODEL}guard "untrusted" {
  length { max_chars = 8000 }
  injection { threshold = 0.7 }
  pattern {
    deny = ["(?i)internal use only"]
  }
  pii {
    types      = ["iban", "card"]
    action     = "redact"
    reversible = true
  }
  pattern {
    allow  = ["^[a-z]"]
    action = "flag"
  }
  judge {
    model  = model.fast
    rubric = "The text asks for legal advice."
    action = "flag"
  }
}
`,
  )
  t.same(told(diagnostics), [])
  t.same(spec('guard', 'untrusted'), {
    detectors: [
      { type: 'length', action: 'block', max_chars: 8000 },
      { type: 'injection', action: 'block', threshold: 0.7 },
      { type: 'pattern', action: 'block', allow: [], deny: ['(?i)internal use only'] },
      { type: 'pii', action: 'redact', types: ['card', 'iban'], reversible: true },
      { type: 'pattern', action: 'flag', allow: ['^[a-z]'], deny: [] },
      {
        type: 'judge',
        action: 'flag',
        model: { $ref: 'model.fast' },
        rubric: 'The text asks for legal advice.',
        threshold: 0.5,
      },
    ],
    on_error: 'block',
  })
  t.end()
})

t.test('what a guard does not say has its usual value', t => {
  const { spec } = compile('guard "no_pii" {\n  action = "redact"\n  pii {}\n  secrets {}\n}\n')
  t.same(spec('guard', 'no_pii'), {
    detectors: [
      { type: 'pii', action: 'redact', types: ['card', 'email', 'iban', 'national_id', 'phone'], reversible: false },
      { type: 'secrets', action: 'redact', threshold: 0.5 },
    ],
    on_error: 'block',
  })
  t.same(compile('guard "shape" {\n  json { type = object({ a = string }) }\n}\n').spec('guard', 'shape').detectors, [
    {
      type: 'json',
      action: 'block',
      schema: {
        type: 'object',
        additionalProperties: false,
        properties: { a: { type: 'string' } },
        required: ['a'],
        'x-order': ['a'],
      },
    },
  ])
  t.end()
})

t.test('a prompt refers to its guards, and has no key for none', t => {
  const { spec, block, diagnostics } = compile(
    `${prompt('user = "Hello."', 'input_guards = [guard.a]', 'output_guards = [guard.a, guard.b]')}
guard "a" {
  secrets {}
}
guard "b" {
  injection {}
}
`,
  )
  t.same(told(diagnostics), [])
  t.same(spec('prompt', 'answer').input_guards, [{ $ref: 'guard.a' }])
  t.same(spec('prompt', 'answer').output_guards, [{ $ref: 'guard.a' }, { $ref: 'guard.b' }])
  t.same(block('prompt.answer').artifact.refs, ['guard.a', 'guard.b', 'model.fast'])
  t.notOk('input_guards' in compile(prompt('user = "Hello."', 'input_guards = []')).spec('prompt', 'answer'))
  t.end()
})

refuses('guard: what it does not take', [
  ['no detector', 'guard/empty', '«guard "x"» {\n  action = "flag"\n}\n'],
  ['an action', 'config/not-one-of', guard('action = «"mask"»', 'pii {}')],
  ['a detector', 'config/unsupported-block', guard('«injektion» {}')],
  ['two of a detector', 'config/too-many-blocks', guard('pii {}', '«pii» {}')],
  ['a type', 'config/not-one-of', guard('pii { types = «["emial"]» }')],
  ['no type', 'config/out-of-range', guard('pii { types = «[]» }')],
  ['a threshold', 'config/out-of-range', guard('injection { threshold = «1.5» }')],
  ['a length without a limit', 'config/missing-argument', guard('«length» {}')],
  ['a length that nothing has', 'config/out-of-range', guard('length {', '  min_chars = 10', '  max_chars = «5»', '}')],
  ['a pattern without patterns', 'config/missing-argument', guard('«pattern» {}')],
  ['a pattern that cannot be read', 'config/bad-pattern', guard('pattern { deny = ["ok", «"(a"»] }')],
  ['a pattern that looks behind', 'config/bad-pattern', guard('pattern { allow = [«"(?<=a)b"»] }')],
  ['a pattern of many', 'config/bad-pattern', `locals { bad = ["("] }\n${guard('pattern { deny = «local.bad» }')}`],
  ['two shapes', 'config/conflicting-arguments', guard('json {', '  type = string', '  schema = «{ type = "string" }»', '}')],
  ['a schema', 'config/wrong-type', guard('json { schema = «[]» }')],
  ['a judge without a rubric', 'config/missing-argument', guard('«judge» { model = model.fast }')],
  ['a judge that is not there', 'config/unknown-reference', guard('judge {', '  model = «model.fats»', '  rubric = "x"', '}')],
  ['a judge that is no model', 'config/wrong-reference', guard('judge {', '  model = «provider.simulated»', '  rubric = "x"', '}')],
])

refuses('guard: what cannot be redacted', [
  ['a length', 'config/conflicting-arguments', guard('length {', '  max_chars = 5', '  action = «"redact"»', '}')],
  ['a length, by the action of the guard', 'config/conflicting-arguments', guard('action = "redact"', '«length» { max_chars = 5 }')],
  ['JSON', 'config/conflicting-arguments', guard('json { action = «"redact"» }')],
  [
    'what a judge finds',
    'config/conflicting-arguments',
    guard('judge {', '  model = model.fast', '  rubric = "x"', '  action = «"redact"»', '}'),
  ],
  ['a text that is not allowed', 'config/conflicting-arguments', guard('action = "redact"', 'pattern { allow = «["a"]» }')],
  ['reversible without redact', 'config/conflicting-arguments', guard('pii { reversible = «true» }')],
])

refuses('prompt: guards are guards', [
  [
    'a model as a guard',
    'config/wrong-reference',
    'prompt "y" {\n  model = model.fast\n  user  = "Hello."\n  input_guards = «[model.fast]»\n}\n',
  ],
])
