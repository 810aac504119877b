import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { Report } from '../../src/diagnostics/report.ts'
import { loadProject, openProject } from '../../src/operations/project.ts'
import { type Compiled, compile, hostIn, MODEL, type ProjectText, projectFolder, told } from '../support/configuration.ts'

/** A prompt that says what its module was given. */
const GREETING = `variable "language" { type = string }
variable "model" {}

prompt "greet" {
  model  = var.model
  system = template("greet.md")
  user   = "Hello."
}

output "prompt" { value = prompt.greet }
output "language" { value = upper(var.language) }
`

const greeting = (call: string, more: Readonly<Record<string, string>> = {}): ProjectText => ({
  'main.flow.hcl': `${MODEL}\n${call}`,
  'modules/greeting/main.flow.hcl': GREETING,
  'modules/greeting/greet.md': 'Answer in ${var.language}.\n',
  ...more,
})

const addresses = ({ configuration }: Compiled) => (configuration?.blocks ?? []).map(({ address }) => address).sort()
const outputs = ({ configuration }: Compiled) => Object.fromEntries((configuration?.outputs ?? []).map(({ name, value }) => [name, value]))

t.test('every block of a module has an address of its own, and refers to blocks by whole addresses', t => {
  const found = compile(
    greeting(
      `module "de" {
  source   = "./modules/greeting"
  language = "German"
  model    = model.fast
}

module "own" { source = "./modules/own" }

output "language" { value = module.de.language }
output "prompt" { value = module.de.prompt }
output "digest" { value = module.de.prompt.digest }
output "inner" { value = module.own.model.id }
`,
      { 'modules/own/main.flow.hcl': `${MODEL}\noutput "model" { value = model.fast }\n` },
    ),
  )
  t.same(told(found.diagnostics), [])
  t.same(addresses(found), [
    'model.fast',
    'module.de.prompt.greet',
    'module.own.model.fast',
    'module.own.provider.simulated',
    'provider.simulated',
  ])
  const greet = found.block('module.de.prompt.greet')
  t.same(greet.artifact.refs, ['model.fast'], 'a reference that was given stays the reference')
  t.same(found.block('module.own.model.fast').artifact.refs, ['module.own.provider.simulated'])
  t.same(greet.textFiles, { system: 'modules/greeting/greet.md' }, 'files are named as a person opens them')
  t.match(JSON.stringify(greet.artifact.spec), /Answer in German/)
  t.same(outputs(found), {
    language: 'GERMAN',
    prompt: 'module.de.prompt.greet',
    digest: greet.digest,
    inner: 'simulated-small',
  })
  t.end()
})

t.test('for_each and count: one instance per key, reached by key, index, splat and all at once', t => {
  const found = compile(
    greeting(`module "each" {
  source   = "./modules/greeting"
  for_each = { de = "German", en = "English" }
  language = each.value
  model    = model.fast
}

module "many" {
  source   = "./modules/greeting"
  count    = 2
  language = "language \${count.index}"
  model    = model.fast
}

module "none" {
  source   = "./modules/greeting"
  count    = 0
  language = "none"
  model    = model.fast
}

output "key" { value = module.each["de"].language }
output "name" { value = module.each.en.language }
output "index" { value = module.many[1].language }
output "splat" { value = module.many[*].language }
output "for" { value = { for key, each in module.each : key => each.language } }
output "dynamic" { value = [for key in ["en", "de"] : module.each[key].language] }
output "none" { value = length(module.none) }
`),
  )
  t.same(told(found.diagnostics), [])
  t.same(
    addresses(found).filter(address => address.startsWith('module.')),
    ['module.each["de"].prompt.greet', 'module.each["en"].prompt.greet', 'module.many[0].prompt.greet', 'module.many[1].prompt.greet'],
  )
  t.same(outputs(found), {
    key: 'GERMAN',
    name: 'ENGLISH',
    index: 'LANGUAGE 1',
    splat: ['LANGUAGE 0', 'LANGUAGE 1'],
    for: { de: 'GERMAN', en: 'ENGLISH' },
    dynamic: ['ENGLISH', 'GERMAN'],
    none: 0,
  })
  t.end()
})

const NESTED: ProjectText = {
  'main.flow.hcl':
    'variable "tone" { default = "warm" }\n\nmodule "outer" {\n  source = "./modules/outer"\n  tone   = upper(var.tone)\n}\n\noutput "deep" { value = module.outer.deep }\n',
  'modules/outer/main.flow.hcl':
    'variable "tone" {}\n\nlocals { keys = toset(["a", "b"]) }\n\nmodule "inner" {\n  source   = "../inner"\n  for_each = local.keys\n  text     = "${var.tone} ${each.key}"\n}\n\noutput "deep" { value = module.inner["b"].text }\n',
  'modules/inner/main.flow.hcl': `variable "text" { type = string }\n\n${MODEL}
prompt "say" {
  for_each = toset(["x"])
  model    = model.fast
  user     = var.text
  lifecycle { prevent_destroy = true }
}

output "text" { value = var.text }
`,
}

t.test('modules call modules; PROM-3: a variable is known through all of them', t => {
  const found = compile(NESTED)
  t.same(told(found.diagnostics), [])
  t.ok(addresses(found).includes('module.outer.module.inner["b"].prompt.say["x"]'))
  t.same(outputs(found), { deep: 'WARM b' })
  t.same(found.configuration?.foldedVariables('module.outer.module.inner["b"].prompt.say["x"]'), ['tone'])
  t.same(found.configuration?.foldedVariables('module.outer.module.inner["b"].model.fast'), [])
  t.end()
})

t.test('what is left of an instance is known, whether the block lost it or the module', t => {
  const remnant = (address: string) => {
    const found = compile(NESTED).configuration?.remnant(address)
    return found && [found.repetition, found.preventDestroy !== undefined]
  }
  t.same(remnant('module.outer.module.inner["b"].prompt.say["gone"]'), ['for_each', true])
  t.same(remnant('module.outer.module.inner["gone"].prompt.say["x"]'), ['for_each', true])
  t.equal(remnant('module.outer.module.inner["b"].prompt.gone'), undefined)
  t.equal(remnant('module.gone.prompt.say["x"]'), undefined)
  t.equal(remnant('nothing'), undefined)
  t.end()
})

t.test('a module that is not as it is called: both ends are shown', t => {
  const refuse = (call: string, module = GREETING) => {
    const { diagnostics } = compile({ ...(greeting(call) as Record<string, string>), 'modules/greeting/main.flow.hcl': module })
    return diagnostics.map(({ code, subject, related = [], suggestions = [] }) => {
      const text = (range: typeof subject) => range?.source.text.slice(range.start, range.end)
      return [code, text(subject), ...related.map(({ range }) => `${range.source.name}: ${text(range)}`), ...suggestions]
    })
  }
  const call = (...lines: readonly string[]) =>
    `module "m" {\n  source = "./modules/greeting"\n${lines.map(line => `  ${line}\n`).join('')}}\n`
  t.same(refuse(call('model = model.fast')), [
    ['config/missing-variable', 'module "m"', 'modules/greeting/main.flow.hcl: variable "language"'],
  ])
  t.same(refuse(call('model = model.fast', 'language = "de"', 'languge = "en"')), [
    ['config/unknown-variable', 'languge', 'modules/greeting/main.flow.hcl: variable "language"', 'language'],
  ])
  t.same(refuse(call('model = model.fast', 'language = [1]')), [
    ['config/wrong-type', '[1]', 'modules/greeting/main.flow.hcl: variable "language"'],
  ])
  t.same(refuse(call('model = model.fast', 'language = secret("X")')), [['config/secret-not-allowed', 'secret("X")']])
  t.same(refuse(call('model = model.fast', 'language = "de"', 'settings {}')), [['config/unsupported-block', 'settings']])
  const strict = GREETING.replace(
    '{ type = string }',
    '{\n  type = string\n  validation {\n    condition     = var.language == "de"\n    error_message = "Only de."\n  }\n}',
  )
  t.same(refuse(call('model = model.fast', 'language = "fr"'), strict), [
    ['config/invalid-variable', 'var.language == "de"', 'modules/greeting/main.flow.hcl: variable "language"', 'main.flow.hcl: "fr"'],
  ])
  t.same(refuse(call('model = model.fast', 'language = "de"'), `${GREETING}variable "source" {}\n`), [['config/bad-name', '"source"']])
  t.end()
})

t.test('names that lead nowhere, with near ones', t => {
  const refuse = (value: string) => {
    const { diagnostics } = compile(
      greeting(`module "m" {\n  source   = "./modules/greeting"\n  language = "de"\n  model    = model.fast\n}

module "each" {\n  source   = "./modules/greeting"\n  for_each = toset(["de"])\n  language = each.key\n  model    = model.fast\n}

output "o" { value = ${value} }\n`),
    )
    return diagnostics.map(({ code, summary, detail, suggestions = [] }) => [code, summary, detail, ...suggestions])
  }
  t.same(refuse('module.k.language'), [
    ['config/unknown-reference', 'There is no module "k"', 'The modules here are module.each and module.m.'],
  ])
  t.same(refuse('module.m.languag'), [
    ['config/unknown-reference', 'module.m has no output "languag"', 'Its outputs are language and prompt.', 'module.m.language'],
  ])
  t.same(refuse('module.each["fr"].language'), [
    ['config/unknown-reference', 'There is no module.each["fr"]', 'The only instance is module.each["de"].'],
  ])
  t.same(
    refuse('module.m.prompt.digst').map(([code]) => code),
    ['hcl/unknown-attribute'],
  )
  t.same(
    refuse('prompt.greet').map(([code]) => code),
    ['config/unknown-reference'],
    'the inside of a module is seen through its outputs only',
  )
  t.end()
})

t.test('inside of a module there is nothing of the caller, and nothing of the project as a whole', t => {
  const inside = (module: string) =>
    told(
      compile({
        'main.flow.hcl': `${MODEL}\nlocals { a = 1 }\noutput "a" { value = local.a }\nmodule "m" { source = "./m" }\n`,
        'm/main.flow.hcl': module,
      }).diagnostics,
    )
  t.same(inside('output "o" { value = model.fast.id }\n'), ['config/unknown-reference "model.fast.id"'])
  t.same(inside('output "o" { value = local.a }\n'), ['config/unknown-reference "local.a"'])
  t.same(inside('output "o" { value = each.key }\n'), ['config/not-in-scope "each.key"'])
  for (const block of ['flowrun {}', 'environment "dev" {}', 'import { to = prompt.x }'])
    t.same(inside(`${block}\n`), [`config/root-only ${JSON.stringify(block.replace(/ ?\{.*/, ''))}`], block)
  t.same([...inside('locals { unused = 1 }\nvariable "unused" { default = 1 }\n')].sort(), [
    'config/unused-local "1"',
    'config/unused-variable "variable \\"unused\\""',
  ])
  t.end()
})

t.test('sources that lead nowhere, or too far', t => {
  const refuse = (source: string, files: Readonly<Record<string, string>> = {}) =>
    told(compile({ 'main.flow.hcl': `module "m" {\n  source = ${source}\n}\n`, ...files }).diagnostics)
  t.same(refuse('"./absent"'), ['config/no-module "\\"./absent\\""'])
  t.same(refuse('"./empty"', { 'empty/notes.txt': '' }), ['config/no-module "\\"./empty\\""'])
  t.same(refuse('"../beside"'), ['config/outside-project "\\"../beside\\""'])
  t.same(refuse('"modules/m"'), ['config/bad-source "\\"modules/m\\""'])
  t.same(refuse('var.where'), ['config/not-in-scope "var.where"'])
  t.same(refuse('secret("X")'), ['config/secret-not-allowed "secret(\\"X\\")"'])
  t.same(refuse('"git::http://example.com/a.git?ref=v1"'), ['config/insecure-url "\\"git::http://example.com/a.git?ref=v1\\""'])
  t.same(refuse('"git::https://example.com/a.git"'), ['config/moving-source "\\"git::https://example.com/a.git\\""'])
  t.same(refuse('"git::https://example.com/a.git//../b?ref=v1"'), ['config/bad-source "\\"git::https://example.com/a.git//../b?ref=v1\\""'])
  t.same(refuse('"git::https://example.com/a.git?ref=--upload-pack=x"'), [
    'config/bad-source "\\"git::https://example.com/a.git?ref=--upload-pack=x\\""',
  ])
  t.same(refuse('"git::ssh://git@example.com/a.git?ref=v1"').length, 1)
  const [token] = compile({ 'main.flow.hcl': 'module "m" {\n  source = "git::https://tok3n@example.com/a.git?ref=v1"\n}\n' }).diagnostics
  t.equal(token?.code, 'config/plain-secret')
  t.notMatch(JSON.stringify([token?.summary, token?.detail, token?.subject?.source.text]), /tok3n/, 'a key is not shown')
  t.same(told(compile('module "m" {}\n').diagnostics), ['config/missing-argument "module \\"m\\""'])
  t.same(refuse('local.where', { 'a/main.flow.hcl': 'output "o" { value = 1 }\n', 'locals.flow.hcl': 'locals { where = "./a" }\n' }), [])
  t.end()
})

t.test('modules that call themselves have no end, and are told with each place', t => {
  const call = (source: string) => `module "next" {\n  source = "${source}"\n}\n`
  const { diagnostics } = compile({ 'main.flow.hcl': call('./a'), 'a/main.flow.hcl': call('../b'), 'b/main.flow.hcl': call('../a') })
  t.same(
    diagnostics.map(({ code, summary, related = [] }) => [code, summary, related.length]),
    [['config/cycle', 'These use each other: a → b → a', 1]],
  )
  t.same(told(compile({ 'main.flow.hcl': call('./') }).diagnostics), ['config/cycle "\\"./\\""'])
  const chain = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`m${index}/main.flow.hcl`, call(`../m${index + 1}`)]))
  t.same(
    told(compile({ 'main.flow.hcl': call('./m0'), ...chain }).diagnostics).map(text => text.split(' ')[0]),
    ['config/too-deep'],
  )
  t.end()
})

t.test('values that go round through modules are a cycle; those that only pass by are none', t => {
  const module =
    'variable "in" {}\nvariable "other" { default = 1 }\noutput "out" { value = var.in }\noutput "fixed" { value = 1 }\noutput "second" { value = var.other }\n'
  const round = compile({ 'main.flow.hcl': 'module "m" {\n  source = "./m"\n  in     = module.m.out\n}\n', 'm/main.flow.hcl': module })
  t.same(
    round.diagnostics.map(({ code, summary }) => [code, summary]),
    [['config/cycle', 'These use each other: module.m.var.in → module.m.out → module.m.var.in']],
  )
  const passing = compile({
    'main.flow.hcl':
      'module "m" {\n  source = "./m"\n  in     = module.m.fixed\n  other  = module.m.out\n}\n\noutput "o" { value = module.m.second }\n',
    'm/main.flow.hcl': module,
  })
  t.same(told(passing.diagnostics), [])
  t.same(outputs(passing), { o: 1 })
  const keys = compile({
    'main.flow.hcl': 'module "m" {\n  source   = "./m"\n  for_each = toset([for k, m in module.m : k])\n  in       = 1\n}\n',
    'm/main.flow.hcl': module,
  })
  t.same(
    keys.diagnostics.map(({ code, summary }) => [code, summary]),
    [['config/cycle', 'module.m uses itself']],
  )
  t.end()
})

t.test('modules that multiply are stopped', t => {
  const many = (next: string) => `module "n" {\n  source = "${next}"\n  count  = 100\n}\n`
  const { diagnostics } = compile({
    'main.flow.hcl': many('./a'),
    'a/main.flow.hcl': many('../b'),
    'b/main.flow.hcl': many('../c'),
    'c/main.flow.hcl': 'output "o" { value = 1 }\n',
  })
  t.equal(diagnostics[0]?.code, 'config/too-many-modules')
  t.end()
})

t.test('files of a module start at its folder, and stay in the project', t => {
  const inside = (value: string) => {
    const text = {
      'main.flow.hcl': 'module "m" { source = "./modules/m" }\noutput "o" { value = module.m.o }\n',
      'modules/m/main.flow.hcl': `output "o" { value = ${value} }\n`,
      'modules/m/text.md': 'of the module',
      'text.md': 'of the project',
    }
    const found = compile(text)
    return told(found.diagnostics).length > 0 ? found.diagnostics.map(({ code, detail }) => `${code}: ${detail}`) : outputs(found).o
  }
  t.equal(inside('file("text.md")'), 'of the module')
  t.equal(inside('file("${path.module}/text.md")'), 'of the module')
  t.equal(inside('file("${path.root}/text.md")'), 'of the project')
  t.equal(inside('file("../../text.md")'), 'of the project')
  t.same(inside('[for name in fileset(".", "*.md") : name]'), ['text.md'])
  t.match(inside('file("../../../text.md")'), [/^config\/outside-project/])
  t.match(inside('file("txt.md")'), [/^config\/no-such-file: Paths start at the folder of the module; there is "text.md"/])
  t.match(inside('template("text.md")'), 'of the module')
  t.end()
})

t.test('REL-11: the files of modules are those of the configuration, and a link leads nowhere else', t => {
  const { configuration } = compile(
    greeting('module "m" {\n  source   = "./modules/greeting"\n  language = "de"\n  model    = model.fast\n}\n'),
  )
  t.same(Object.keys(configuration?.files ?? {}), ['main.flow.hcl', 'modules/greeting/main.flow.hcl', 'modules/greeting/greet.md'])

  const outside = projectFolder({ 'main.flow.hcl': 'output "o" { value = 1 }\n' }, 'outside')
  const folder = projectFolder('module "m" { source = "./link" }\n')
  symlinkSync(outside, join(folder, 'link'))
  const report = new Report()
  openProject(hostIn(folder), {}, report)
  t.same(told(report.diagnostics), ['config/outside-project "\\"./link\\""'])
  t.end()
})

t.test('lifecycle holds inside of a module: conditions, ignored changes, order', t => {
  const module = (lifecycle: string) => ({
    'main.flow.hcl': `${MODEL}\nmodule "m" {\n  source     = "./m"\n  depends_on = [model.fast]\n}\n`,
    'm/main.flow.hcl': `${MODEL.replaceAll('"fast"', '"own"')}\nprompt "p" {\n  model = model.own\n  user  = "Hi."\n  lifecycle {\n${lifecycle}\n  }\n}\n\noutput "o" {\n  value = 1\n  precondition {\n    condition     = prompt.p.name == "p"\n    error_message = "Never."\n  }\n}\n`,
  })
  const failing = 'condition     = model.own.id == "other"\n    error_message = "It is ${model.own.id}."'
  t.same(
    compile(module(`precondition {\n    ${failing}\n  }`)).diagnostics.map(({ code, detail, where }) => [code, detail, where]),
    [['plan/condition-failed', 'It is simulated-small.', 'in prompt "p" of module.m']],
  )
  t.same(
    told(
      compile(module('postcondition {\n    condition     = self.address == "module.m.prompt.p"\n    error_message = "x"\n  }')).diagnostics,
    ),
    [],
  )
  const found = compile(module('ignore_changes = all'))
  t.same(told(found.diagnostics), [])
  t.equal(found.block('module.m.prompt.p').lifecycle.ignoreChanges, 'all')
  t.same(found.block('module.m.prompt.p').dependsOn, ['module.m.model.own', 'model.fast'])
  t.end()
})

t.test('a sensitive value stays sensitive on its way in and out', t => {
  const text = (variable: string, output: string) => ({
    'main.flow.hcl':
      'variable "token" {\n  default   = "s3cret"\n  sensitive = true\n}\n\nmodule "m" {\n  source = "./m"\n  in     = var.token\n}\n\noutput "o" { value = module.m.out }\n',
    'm/main.flow.hcl': `variable "in" {${variable}}\n\noutput "out" {\n  value = var.in\n${output}}\n`,
  })
  t.same(
    told(compile(text('', '')).diagnostics).map(text => text.split(' ')[0]),
    ['config/sensitive-output'],
  )
  t.same(
    told(compile(text('', '  sensitive = true\n')).diagnostics).map(text => text.split(' ')[0]),
    ['config/sensitive-output'],
  )
  t.end()
})

/** Prompts over one model, some for each key. */
const generated = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    text: fc.constantFrom('Hi.', 'Hello ${local.who}.', '${model.fast.id}'),
    each: fc.boolean(),
  }),
  { selector: ({ name }) => name, minLength: 1 },
)

t.test('moving all blocks into a module changes addresses, and nothing else', t => {
  fc.assert(
    fc.property(generated, prompts => {
      const written = prompts.map(
        ({ name, text, each }) =>
          `prompt "${name}" {\n${each ? '  for_each = toset(["x", "y"])\n' : ''}  model = model.fast\n  user  = "${text}"\n}\n`,
      )
      const inside = `${MODEL}\nlocals { who = "Ana" }\n\n${written.join('\n')}`
      const before = compile(inside)
      const after = compile({ 'main.flow.hcl': 'module "moved" { source = "./moved" }\n', 'moved/main.flow.hcl': inside })
      t.same(
        addresses(after),
        addresses(before).map(address => `module.moved.${address}`),
      )
      for (const block of before.configuration?.blocks ?? []) {
        const { refs: _, ...own } = after.block(`module.moved.${block.address}`).artifact
        const { refs: __, ...was } = block.artifact
        t.same(JSON.parse(JSON.stringify(own).replaceAll('module.moved.', '')), JSON.parse(JSON.stringify(was)))
      }
    }),
    { numRuns: 20 },
  )
  t.end()
})

t.test('a project without modules reads and makes nothing for them', t => {
  const folder = projectFolder(MODEL)
  const report = new Report()
  const project = openProject(hostIn(folder), {}, report)
  t.equal(project?.parsed.modules.size, 0)
  const loaded = project && loadProject(hostIn(folder), project, { variables: [] }, report, false)
  t.same(loaded?.configuration?.checks, [])
  t.end()
})
