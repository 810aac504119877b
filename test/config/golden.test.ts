import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { JsonValue } from '../../src/base/json.ts'
import { compile } from '../support/configuration.ts'

const folder = join(import.meta.dirname, 'golden')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const golden = JSON.parse(read('digests.json')) as Readonly<Record<string, Readonly<Record<string, string>>>>
const project = (name: string) => compile({ 'main.flow.hcl': read(name), 'answer.md': read('answer.md') })

/** Facts come from the blocks themselves, for those of the catalogue change with every catalogue. */
function digestsOf(name: string): Readonly<Record<string, string>> {
  const { configuration, diagnostics } = project(name)
  t.same(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
    name,
  )
  return Object.fromEntries((configuration?.blocks ?? []).map(({ address, digest }) => [address, digest]))
}

t.test('ID-4, VER-3: configurations keep their digests in every later version', t => {
  const names = readdirSync(folder).filter(name => name.endsWith('.flow.hcl'))
  const found = Object.fromEntries(names.map(name => [name, digestsOf(name)]))
  // Only for further configurations: a digest that changes publishes every prompt of every user anew.
  if (process.env.ADD_GOLDEN === '1')
    writeFileSync(join(folder, 'digests.json'), `${JSON.stringify({ ...found, ...golden }, undefined, 2)}\n`)
  t.same(found, golden)
  t.end()
})

t.test('blocks.md 7.2: the prompt has the documented digest', t => {
  t.equal(digestsOf('support.flow.hcl')['prompt.answer'], 'sha256:c378a42f192fe14043b254566b012b22a2d9ca6e9c99176dc17ef22ac0d123f7')
  t.end()
})

t.test('blocks.md 7.2: the workflow has the documented digest', t => {
  t.equal(digestsOf('workflows.flow.hcl')['workflow.summary'], 'sha256:9500c61b91d424ee38550e55cd87aca8308232ab3f013f3a50b6d8ef99fcb9f8')
  t.end()
})

t.test('blocks.md 7.2: the model has the documented digest, but for where its facts come from', t => {
  // The documented artifact takes three capabilities from the catalogue, which knows more of the model by now. Written in
  // the block they are the same, and `sources` says so; with the documented sources the digest is the documented one.
  const { artifact } = project('support.flow.hcl').block('model.fast')
  const catalogue = 'catalogue 2026-11'
  const documented = {
    ...artifact,
    refs: ['model.backup', 'provider.openai'],
    spec: { ...artifact.spec, sources: { capabilities: catalogue, limits: catalogue, price: catalogue } },
  }
  t.equal(digestOf(documented as unknown as JsonValue), 'sha256:bed16042ae0f22403969dc3e118c1c006f8c4ead0561772471eb18fdbc748906')
  t.match(artifact, {
    refs: ['model.backup', 'provider.openai'],
    secrets: [],
    spec: { sources: { capabilities: 'block', limits: 'block', price: 'block' } },
  })
  t.end()
})
