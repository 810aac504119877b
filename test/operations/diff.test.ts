import t from 'tap'
import { compare } from '../../src/operations/diff.ts'
import { hostIn, prompt } from '../support/configuration.ts'
import { type TestProject, testProject } from '../support/project.ts'

async function compared(project: TestProject, from: string, to?: string): Promise<readonly string[]> {
  const found = await compare(hostIn(project.folder), from, to, { variables: [] })
  if (found.outcome === 'invalid') throw new Error(found.diagnostics.map(({ summary }) => summary).join('; '))
  const { changes, same } = found.value
  const version = (side?: { readonly version: number }) => (side ? `@${side.version}` : '-')
  return [...changes.map(({ address, before, after }) => `${address} ${version(before)} ${version(after)}`), `${same} same`]
}

t.test('diff compares versions, releases and environments, and the working copy as either would have it', async t => {
  const text = (user: string, tone = 'calm') =>
    `environment "dev" {}\nenvironment "prod" {\n  variables = { tone = "${tone}" }\n}\nvariable "tone" { default = "warm" }\n${prompt(`user = "${user}"`)}`
  const project = testProject(text('One.'))
  await project.apply({ environment: 'dev' })
  project.write(text('Be ${var.tone}.'))
  await project.apply({ environment: 'dev' })
  t.same(await compared(project, 'prompt.answer@1', 'prompt.answer@2'), ['prompt.answer @1 @2', '0 same'])
  t.same(await compared(project, 'dev@1', 'dev@2'), ['prompt.answer @1 @2', '2 same'])
  t.same(await compared(project, 'dev'), ['3 same'], 'the working copy is compiled for what it is compared with')
  await project.apply({ environment: 'prod' })
  t.same(await compared(project, 'prod'), ['3 same'])
  t.same(await compared(project, 'dev', 'prod'), ['prompt.answer @2 @3', '2 same'])
  project.write(text('Be ${var.tone}.', 'firm'))
  t.same(await compared(project, 'prod'), ['prompt.answer @3 @4', '2 same'])
  t.same(await compared(project, 'dev'), ['3 same'])
})

t.test('diff compiles a working copy that asks for versions', async t => {
  const project = testProject(prompt('user = "Model ${model.fast.version}."'))
  await project.apply()
  t.same(await compared(project, 'dev'), ['3 same'])
})
