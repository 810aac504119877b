import t from 'tap'
import { compile, MODEL, prompt, told } from '../support/configuration.ts'

const TIER = 'variable "tier" { type = string }\noutput "tier" { value = var.tier }\n'
const DEFAULT = 'variable "tier" {\n  type    = string\n  default = "default"\n}\noutput "tier" { value = var.tier }\n'
const IN_ENVIRONMENT = 'environment "dev" {\n  variables = { tier = "environment" }\n}\nenvironment "prod" {}\n'

function tier(...given: Parameters<typeof compile>): unknown {
  const { configuration, diagnostics } = compile(...given)
  return configuration ? configuration.outputs.find(({ name }) => name === 'tier')?.value : told(diagnostics)
}

t.test('a value comes from the last of: default, files, the environment block, the process environment, flags in order', t => {
  const files = { 'main.flow.hcl': DEFAULT + IN_ENVIRONMENT }
  const project = 'tier = "project"\n'
  const process = { processEnvironment: { FLOWRUN_VAR_tier: 'process' } }
  const flag = { kind: 'value', name: 'tier', text: 'flag' } as const
  const file = { kind: 'file', path: 'other.flowvars' } as const
  const all = {
    ...files,
    'flowrun.flowvars': project,
    'dev.flowvars': 'tier = "dev"\n',
    'prod.flowvars': 'tier = "prod"\n',
    'a.auto.flowvars': 'tier = "a"\n',
    'b.auto.flowvars': 'tier = "b"\n',
    'other.flowvars': 'tier = "other"\n',
  }
  const { 'a.auto.flowvars': _a, 'b.auto.flowvars': _b, ...named } = all
  const onlyProject = { 'main.flow.hcl': DEFAULT, 'flowrun.flowvars': project }
  t.equal(tier(DEFAULT), 'default')
  t.equal(tier(onlyProject), 'project')
  t.equal(tier(named, { environment: 'prod' }), 'prod', 'the file of the environment')
  t.equal(tier(all, { environment: 'prod' }), 'b', 'the last by name')
  t.equal(tier(all), 'environment')
  t.equal(tier(all, process), 'process')
  t.equal(tier(all, { ...process, flags: [flag] }), 'flag')
  t.equal(tier(all, { ...process, flags: [flag, file] }), 'other', 'in the order given')
  t.equal(tier(all, { ...process, flags: [file, flag] }), 'flag')
  t.end()
})

t.test('a value is converted to the type, and text of a flag is read by it', t => {
  const typed = (type: string, text: string) =>
    tier(`variable "tier" { type = ${type} }\noutput "tier" { value = var.tier }\n`, { flags: [{ kind: 'value', name: 'tier', text }] })
  t.equal(typed('string', 'large'), 'large')
  t.equal(typed('string', '12'), '12')
  t.equal(typed('number', '12'), 12)
  t.equal(typed('bool', 'true'), true)
  t.equal(typed('any', '["a"]'), '["a"]', 'text, as in Terraform')
  t.same(typed('list(string)', '["a", 2]'), ['a', '2'])
  t.same(typed('object({ a = optional(number, 3) })', '{}'), { a: 3 })
  t.same(typed('number', 'many'), ['config/wrong-type "variable \\"tier\\""'])
  t.same(typed('enum(["small", "large"])', 'lrage'), ['config/wrong-type "variable \\"tier\\""'])
  t.same(typed('list(string)', '["a"'), ['hcl/unclosed-bracket "["'])
  t.same(typed('list(string)', '[local.x]'), ['config/unknown-reference "local.x"'])
  t.end()
})

t.test('a variable without a value is told, or asked for', t => {
  t.same(tier(TIER), ['config/missing-variable "variable \\"tier\\""'])
  const asked = compile(TIER, { canAsk: true })
  t.same([asked.missing, asked.diagnostics], [['tier'], []])
  t.end()
})

t.test('null is a value where a variable may be null, and else the default', t => {
  const nullable = (line: string) =>
    tier({
      'main.flow.hcl': `variable "tier" {\n  type    = string\n  default = "default"\n  ${line}\n}\noutput "tier" { value = var.tier }\n`,
      'flowrun.flowvars': 'tier = null\n',
    })
  t.equal(nullable('nullable = true'), null)
  t.equal(nullable('nullable = false'), 'default')
  t.end()
})

t.test('values of variables that nobody declared', t => {
  const stray = { flags: [{ kind: 'value', name: 'teir', text: 'x' }] } as const
  t.same(tier(DEFAULT, stray), ['config/unknown-variable'], 'an error in a flag')
  t.same(compile(DEFAULT, stray).diagnostics[0]?.suggestions, ['tier'])
  t.same(told(compile({ 'main.flow.hcl': DEFAULT, 'flowrun.flowvars': 'teir = "x"\n' }).diagnostics), ['config/unknown-variable "teir"'])
  t.equal(tier({ 'main.flow.hcl': DEFAULT, 'flowrun.flowvars': 'teir = "x"\n' }), 'default', 'a warning in a file')
  t.equal(tier(DEFAULT, { processEnvironment: { FLOWRUN_VAR_teir: 'x' } }), 'default', 'nothing in the process environment')
  t.end()
})

t.test('files of variables', t => {
  const read = (text: string) => told(compile({ 'main.flow.hcl': DEFAULT, 'flowrun.flowvars': text }).diagnostics)
  t.same(read('tier {}\n'), ['config/unsupported-block "tier"'])
  t.same(read('tier = \n'), ['hcl/missing-value ""'])
  t.same(read('tier = var.tier\n'), ['config/not-in-scope "var.tier"'])
  t.same(tier(DEFAULT, { flags: [{ kind: 'file', path: 'absent.flowvars' }] }), ['config/unreadable-file'])
  t.end()
})

t.test('validation: a value that is refused is shown, unless it is sensitive', t => {
  const validated = (line: string) =>
    compile(
      `variable "other" { default = 2 }\nvariable "tier" {\n  default = "huge"\n  ${line}\n  validation {\n    condition     = contains(["small"], var.tier) && var.other == 2\n    error_message = "tier must be small."\n  }\n}\noutput "tier" {\n  value     = var.tier\n  sensitive = true\n}\n`,
    ).diagnostics
  t.match(validated(''), [{ code: 'config/invalid-variable', detail: 'tier must be small.', notes: ['var.tier is "huge"'] }])
  t.match(validated('sensitive = true'), [{ notes: ['var.tier is (sensitive)'] }])
  t.equal(
    JSON.stringify(validated('sensitive = true').map(({ summary, detail, notes }) => [summary, detail, notes])).includes('huge'),
    false,
  )
  t.end()
})

t.test('a sensitive value enters no artifact, and no output that shows it', t => {
  const secret = 'variable "tone" {\n  default   = "canary-7311"\n  sensitive = true\n}\n'
  const refused = (line: string) => told(compile(secret + prompt('user = "x"', line)).diagnostics)
  t.same(refused('description = var.tone'), ['config/sensitive-in-artifact "var.tone"'])
  t.same(refused('description = "Be ${var.tone}."'), ['config/sensitive-in-artifact "\\"Be ${var.tone}.\\""'])
  t.same(refused('system = "Be ${var.tone}."'), ['config/sensitive-in-artifact "\\"Be ${var.tone}.\\""'])
  t.same(refused('labels = { tone = var.tone }'), ['config/sensitive-in-artifact "{ tone = var.tone }"'])
  t.same(refused('system = upper(env("TONE", "x"))'), ['config/sensitive-in-artifact "upper(env(\\"TONE\\", \\"x\\"))"'])
  t.same(refused('system = nonsensitive(var.tone)'), [])
  t.same(told(compile(`${secret}output "tone" { value = var.tone }\n`).diagnostics), ['config/sensitive-output "var.tone"'])
  t.same(told(compile(`${secret}output "tone" { value = { a = [var.tone] } }\n`).diagnostics), [
    'config/sensitive-output "{ a = [var.tone] }"',
  ])

  const given = compile(`${secret}${MODEL}output "tone" {\n  value     = var.tone\n  sensitive = true\n}\n`)
  t.same(told(given.diagnostics), [])
  t.notMatch(JSON.stringify(given.configuration?.blocks.map(({ artifact }) => artifact)), /canary/)
  t.end()
})

t.test('a secret is accepted where a call needs it, and nowhere else', t => {
  const refused = (text: string) => told(compile(text).diagnostics)
  t.same(refused(prompt('user = secret("KEY")')), ['config/secret-not-allowed "secret(\\"KEY\\")"'])
  t.same(refused(prompt('user = "Key ${secret("KEY")}"')), ['config/secret-not-allowed "\\"Key ${secret(\\"KEY\\")}\\""'])
  t.same(refused('output "key" {\n  value     = secret("KEY")\n  sensitive = true\n}\n'), ['config/secret-not-allowed "secret(\\"KEY\\")"'])
  t.same(
    refused('locals { key = secret("KEY") }\nprovider "openai" { api_key = local.key }\n'),
    ['config/secret-not-allowed "local.key"'],
    'its name must stand there',
  )
  t.same(refused('provider "openai" { api_key = nonsensitive(secret("KEY")) }\n').length, 1)
  t.end()
})

t.test('what nobody uses is a warning, once nothing else is wrong', t => {
  const told1 = (text: string) => told(compile(text).diagnostics)
  t.same(told1('variable "tier" { default = "x" }\n'), ['config/unused-variable "variable \\"tier\\""'])
  t.same(told1('locals {\n  a = 1\n  b = local.a\n}\n'), ['config/unused-local "local.a"'], 'the one that an unused one uses is not told')
  t.same(told1('locals { name = "x" }\nflowrun { project = local.name }\n'), [])
  t.same(told1('locals { a = 1 }\nvariable "v" { default = local.a }\noutput "v" { value = var.v }\n'), [])
  t.same(told1('variable "tier" { default = "x" }\noutput "x" { value = 1 / 0 }\n'), ['hcl/division-by-zero "1 / 0"'])
  t.end()
})

t.test('3.18: a mistake inside of a template file is told in the file', t => {
  const { diagnostics } = compile({
    'main.flow.hcl': prompt(
      'input {\n  field "question" { type = string }\n  field "context" { type = list(string) }\n}',
      'system = template("prompts/answer.md")',
      'user = "${input.question}${length(input.context)}"',
    ),
    'prompts/answer.md': 'You answer.\n\nQuestion: ${input.qestion}\n',
  })
  t.same(told(diagnostics), ['config/unknown-input "qestion"'])
  t.match(diagnostics[0], {
    summary: 'The input of prompt.answer has no field "qestion"',
    detail: 'The fields are question (string) and context (list of string).',
    where: 'read by prompt.answer',
    suggestions: ['question'],
    related: [{ message: 'the input is declared here' }],
    subject: { source: { name: 'prompts/answer.md' } },
  })
  t.end()
})

t.test('files: what template() and file() cannot read', t => {
  const read = (text: string, files: Readonly<Record<string, string>> = {}) =>
    told(compile({ 'main.flow.hcl': prompt(`user = ${text}`), ...files }).diagnostics)
  t.same(read('template("absent.md")'), ['config/no-such-file "\\"absent.md\\""'])
  t.same(read('template("../main.md")'), ['config/outside-project "\\"../main.md\\""'])
  t.same(read('template("a.md")', { 'a.md': '${template("b.md")}', 'b.md': '${template("a.md")}' }), ['config/template-cycle "\\"a.md\\""'])
  t.same(read('template("a.md")', { 'a.md': '%{ if true }x' }), ['hcl/unmatched-directive ""'])
  t.same(read('file("a.md")', { 'a.md': '${input.x}' }), [], 'text as it is')
  t.same(read('env("NOT_SET")'), ['config/missing-env "\\"NOT_SET\\""'])
  t.end()
})

t.test('a saved plan knows all files that were read', t => {
  const { configuration } = compile({
    'main.flow.hcl': prompt('user = template("a.md")'),
    'other.flow.hcl': '',
    'a.md': '${template("b.md")}',
    'b.md': 'x',
    'c.md': 'y',
  })
  t.same(Object.keys(configuration?.files ?? {}).sort(), ['a.md', 'b.md', 'main.flow.hcl', 'other.flow.hcl'])
  t.end()
})

t.test('variables that went into an artifact are known, through locals and branches', t => {
  const { configuration } = compile(
    `variable "a" { default = true }\nvariable "b" { default = "x" }\nvariable "c" { default = "y" }\nvariable "d" { default = "z" }\nlocals { text = var.a ? var.b : var.c }\noutput "d" { value = var.d }\n${prompt('user = local.text')}`,
  )
  t.same(configuration?.foldedVariables('prompt.answer'), ['a', 'b', 'c'])
  t.same(configuration?.foldedVariables('model.fast'), [])
  t.end()
})

t.test('the order of files and blocks means nothing', t => {
  const blocks = [
    'provider "simulated" {}\n',
    'locals { text = "x" }\n',
    'prompt "answer" {\n  model = model.fast\n  user = local.text\n}\n',
    'model "fast" {\n  provider = provider.simulated\n  id = "simulated-small"\n}\n',
  ]
  const digests = (text: Parameters<typeof compile>[0]) =>
    Object.fromEntries((compile(text).configuration?.blocks ?? []).map(({ address, digest }) => [address, digest]))
  const inOrder = digests(blocks.join(''))
  t.equal(Object.keys(inOrder).length, 3)
  t.same(digests(blocks.toReversed().join('')), inOrder)
  t.same(digests(Object.fromEntries(blocks.map((block, index) => [`${'dcba'[index]}.flow.hcl`, block]))), inOrder)
  t.end()
})
