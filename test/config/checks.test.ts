import t from 'tap'
import { compile, MODEL, told } from '../support/configuration.ts'

const assertion = (condition: string, message = '"It is ${model.fast.id}."') =>
  `  assert {\n    condition     = ${condition}\n    error_message = ${message}\n  }\n`

const check = (...assertions: readonly string[]) => compile(`${MODEL}\ncheck "window" {\n${assertions.join('')}}\n`)

const results = ({ configuration, diagnostics }: ReturnType<typeof compile>) => ({
  checks: configuration?.checks,
  told: diagnostics.map(({ severity, code, summary, detail }) => [severity, code, summary, detail]),
})

t.test('a check that holds says nothing', t => {
  t.same(results(check(assertion('model.fast.limits.context_window >= 1000'))), {
    checks: [{ address: 'check.window', status: 'pass', messages: [] }],
    told: [],
  })
  t.end()
})

t.test('a check that does not hold warns in the words of its author, and stops nothing', t => {
  const found = check(assertion('true'), assertion('1 > 2'), assertion('false', '"Never."'))
  t.same(results(found), {
    checks: [{ address: 'check.window', status: 'fail', messages: ['It is simulated-small.', 'Never.'] }],
    told: [
      ['warning', 'config/check-failed', 'check.window does not hold', 'It is simulated-small.'],
      ['warning', 'config/check-failed', 'check.window does not hold', 'Never.'],
    ],
  })
  t.same(told(found.diagnostics), ['config/check-failed "1 > 2"', 'config/check-failed "false"'])
  t.end()
})

t.test('what cannot be worked out is a warning as well; a name that nothing has is an error', t => {
  const failing = check(assertion('1 / 0 > 1'))
  t.same(failing.configuration?.checks, [{ address: 'check.window', status: 'error', messages: [] }])
  t.same(
    failing.diagnostics.map(({ severity, code }) => [severity, code]),
    [['warning', 'hcl/division-by-zero']],
  )
  for (const [condition, code] of [
    ['model.slow.id == ""', 'config/unknown-reference'],
    ['lenght("") == 0', 'hcl/unknown-function'],
    ['model.fast.limits.window > 1', 'hcl/unknown-attribute'],
    ['"maybe"', 'config/wrong-type'],
  ] as const) {
    const wrong = check(assertion(condition))
    t.same(
      wrong.diagnostics.map(({ severity, code }) => [severity, code]),
      [['error', code]],
      condition,
    )
    t.equal(wrong.configuration, undefined)
  }
  t.end()
})

t.test('what is known only later is unknown, and no warning', t => {
  t.same(results(check(assertion('model.fast.version > 3'))), {
    checks: [{ address: 'check.window', status: 'unknown', messages: [] }],
    told: [],
  })
  const text = `${MODEL}\ncheck "window" {\n${assertion('model.fast.version > 3', '"Too old."')}}\n`
  t.same(compile(text, { versionOf: () => 3 }).configuration?.checks, [{ address: 'check.window', status: 'fail', messages: ['Too old.'] }])
  t.end()
})

t.test('for_each makes a check per key, and modules have checks of their own', t => {
  const inner =
    'check "key" {\n  for_each = toset(["a", "b"])\n  assert {\n    condition     = each.key == "a"\n    error_message = "It is ${each.key}."\n  }\n}\n'
  const { configuration, diagnostics } = compile({
    'main.flow.hcl': `${inner}\nmodule "m" { source = "./m" }\n`,
    'm/main.flow.hcl': inner,
  })
  t.same(
    configuration?.checks.map(({ address, status, messages }) => [address, status, ...messages]),
    [
      ['check.key["a"]', 'pass'],
      ['check.key["b"]', 'fail', 'It is b.'],
      ['module.m.check.key["a"]', 'pass'],
      ['module.m.check.key["b"]', 'fail', 'It is b.'],
    ],
  )
  t.same(
    diagnostics.map(({ summary, where }) => [summary, where]),
    [
      ['check.key["b"] does not hold', 'in check "key"'],
      ['module.m.check.key["b"] does not hold', 'in check "key" of module.m'],
    ],
  )
  t.end()
})

t.test('a check asserts something, and takes nothing else', t => {
  t.same(told(check().diagnostics), ['config/missing-argument "check \\"window\\""'])
  t.same(told(check('  asert {}\n').diagnostics), ['config/unsupported-block "asert"'])
  t.same(told(check('  assert { condition = true }\n').diagnostics), ['config/missing-argument "assert"'])
  t.same(told(compile('check "a" {\n  assert {\n    condition     = true\n    error_message = ""\n  }\n}\ncheck "a" {}\n').diagnostics), [
    'config/duplicate-block "check \\"a\\""',
  ])
  t.end()
})
