import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { generatedBlock } from '../../src/config/generate/block.ts'
import { formatSource } from '../../src/hcl/format.ts'
import { compile, MODEL, type ProjectText, prompt } from '../support/configuration.ts'

const golden = join(import.meta.dirname, 'golden')
const read = (name: string) => readFileSync(join(golden, name), 'utf8')

/** Writes a configuration again from its artifacts; blocks of `for_each` and `count` get a name for each key. */
function regenerate(project: ProjectText): { readonly text: string; readonly digests: Readonly<Record<string, string>> } {
  const blocks = compile(project).configuration?.blocks ?? []
  const rename = (text: string) => text.replaceAll(/([a-z]+\.[a-z0-9_-]+)\["?([a-z0-9]+)"?\]/g, '$1_$2')
  const renamed = blocks.some(({ address }) => address.includes('['))
  const texts = blocks.map(({ address, artifact }) => generatedBlock(renamed ? rename(address) : address, artifact))
  return {
    text: renamed ? rename(texts.join('\n')) : texts.join('\n'),
    digests: Object.fromEntries(blocks.map(({ address, digest }) => [address, digest])),
  }
}

function digests(text: string): Readonly<Record<string, string>> {
  const { configuration, diagnostics } = compile(text)
  t.same(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ code, summary }) => `${code} ${summary}`),
    [],
  )
  return Object.fromEntries((configuration?.blocks ?? []).map(({ address, digest }) => [address, digest]))
}

t.test('a generated block compiles to the digest that it was generated from: the golden corpus', t => {
  for (const name of readdirSync(golden).filter(file => file.endsWith('.flow.hcl') && !file.startsWith('instances'))) {
    const { text, digests: before } = regenerate({ 'main.flow.hcl': read(name), 'answer.md': read('answer.md') })
    t.same(digests(text), before, name)
    t.equal(formatSource(text), text, `${name} is in the standard format`)
    t.equal(regenerate(text).text, text, `${name}: generating again changes nothing`)
  }
  t.end()
})

t.test('instances are generated as blocks of their own', t => {
  const { text } = regenerate({ 'main.flow.hcl': read('instances.flow.hcl'), 'answer.md': read('answer.md') })
  t.same(Object.keys(digests(text)).sort(), ['model.small_0', 'model.small_1', 'prompt.greet_de', 'prompt.greet_en', 'provider.simulated'])
  t.match(text, 'system = "Speak German, CALM. 0.1 + 0.2 is 0.30000000000000004. é"')
  t.end()
})

/** Pieces of prompt files that are hard to write again: markers, escapes, ends of heredocs, white space. */
const PIECES = [
  'text',
  ' ',
  '\n',
  '\n\n',
  '\n  ',
  '\t',
  '\r\n',
  'EOT',
  '"',
  '\\',
  '\\n',
  '$',
  '%',
  '$${x}',
  '%%{x}',
  '# no comment',
  'é✓',
  '\u0007',
  '${input.q}',
  '${input.q ~}',
  '${~ input.q}',
  '${~ upper("${input.q}!") ~}',
  '${jsonencode({ a = input.q })}',
  '%{ if input.q == "x" ~}\nyes\n%{ else ~}\nno\n%{ endif ~}\n',
  '%{ for c in [input.q, "b"] ~}\n- ${c}\n%{ endfor ~}',
]

// A strip marker at the very end has nothing to strip, and in a heredoc there is always a newline after it.
t.test('whatever a prompt says, its generated block says exactly that again', t => {
  const texts = fc.array(fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(texts, all => {
      const files = Object.fromEntries(all.map((pieces, index) => [`${index}.md`, pieces.join('').replace(/~\}\$*$/, '~}.')]))
      const prompts = all.map(
        (_, index) => `prompt "p${index}" {
  model = model.fast
  input {
    field "q" { type = string }
  }
  system = file("${index}.md")
  user   = template("${index}.md")
  message "assistant" { text = "\\t- ${'${input.q}'}\\n${'${input.q}'}" }
}
`,
      )
      const { text, digests: before } = regenerate({ ...files, 'main.flow.hcl': [MODEL, ...prompts].join('\n') })
      const { configuration, diagnostics } = compile(text)
      const after = Object.fromEntries((configuration?.blocks ?? []).map(({ address, digest }) => [address, digest]))
      if (JSON.stringify(after) !== JSON.stringify(before)) throw new Error(`${text}\n${diagnostics.map(({ summary }) => summary)}`)
    }),
    { numRuns: 60 },
  )
  t.pass()
  t.end()
})

t.test('schemas become types again, and what no type says stays a schema', t => {
  const inputs = {
    fields: 'field "a" { type = list(object({ b = optional(list(file), []), "c d" = describe(enum(["$${x}", "y"]), "a $${1}") })) }',
    tuple: 'field "a" { type = tuple([]) }\n  field "b" { type = tuple([set(map(any)), integer]) }',
    described: 'field "a" {\n    type = describe(message, "the \\"last\\" turn")\n  }',
    bounds:
      'field "a" {\n    type = optional(integer, 3)\n    min = 0\n    max = 5\n  }\n  field "b" {\n    type = any\n    default = null\n  }',
    bytes: 'field "a" {\n    type = string\n    max_bytes = "1MiB"\n    pattern = "a\\n(?:b)"\n  }',
    object: 'type = object({ Upper = string, z = number, a = optional(bool, true) })',
    any: 'type = any',
    empty: '',
    schema: 'schema = { type = "object", properties = { a = { anyOf = [{ type = "string" }, { "$ref" = "#/x" }] } }, "$defs" = {} }',
    'almost a type':
      'schema = { type = "object", additionalProperties = false, required = ["a"], properties = { a = { type = "string" } }, x-order = ["a"], title = "T" }',
  }
  for (const [name, lines] of Object.entries(inputs)) {
    const { text, digests: before } = regenerate(
      prompt(`input {\n  ${lines}\n}`, name === 'empty' || name === 'any' ? 'user = "Hello."' : 'user = jsonencode(input)'),
    )
    t.same(digests(text), before, name)
    t.equal(/^ +schema/m.test(text), name === 'schema' || name === 'almost a type', `${name}: as it was written`)
  }
  const { text, digests: before } = regenerate(
    prompt(
      'user = "Hello."',
      'output {\n  field "a" { type = optional(string, "x") }\n  field "b" {\n    type = string\n    max = 3\n  }\n}',
    ),
  )
  t.same(digests(text), before, 'a default in an output')
  t.end()
})

t.test('arguments that some types of providers know are written again', t => {
  const { text, digests: before } = regenerate(`provider "openai" { api = "responses" }
provider "bedrock" {
  type   = "amazon_bedrock"
  region = "eu-central-1"
}
provider "azure" {
  base_url    = "https://acme.openai.azure.com"
  api_version = "2025-04-01-preview"
}
`)
  t.same(digests(text), before)
  for (const line of ['api = "responses"', 'region = "eu-central-1"', 'api_version = "2025-04-01-preview"'])
    t.ok(text.replaceAll(/ +/g, ' ').includes(line), line)
  t.end()
})

t.test('secrets, pins and facts stay what they were', t => {
  const { text, digests: before } = regenerate(`provider "openai" {
  api_key = "Bearer \${secret("A")} \${secret("B")}"
  headers = { "X-One" = secret("C"), for = "$\${d}" }
}
model "plain" {
  provider = provider.openai
  id       = "text-embedding-3-small"
}
model "limited" {
  provider = pin(provider.openai, "sha256:${'0'.repeat(64)}")
  id       = "gpt-4o-mini"
  fallback = [pin(model.other, 2), model.other]
  limits {}
  price { per = "1K" }
  retry { on = [] }
}
model "other" {
  provider         = provider.openai
  id               = "gpt-4o"
  provider_options = { big = 1e21, none = null, nested = { list = ["a line that is long enough to be broken", "another one of that kind, which does it"] } }
}
`)
  t.same(digests(text), before)
  t.match(text, 'secret("A")')
  t.notMatch(/model "other" \{[\s\S]*?\n\}/.exec(text)?.[0], /limits|price|capabilities/, 'what the catalogue knows is not written')
  t.end()
})
