import t from 'tap'
import { testProject } from '../support/project.ts'

const model = (name: string, window: number, rest = '') => `
model "${name}" {
  provider = provider.simulated
  id       = "simulated-small"
  limits { context_window = ${window} }
  ${rest}
}
`
const WORDS = `user = "${'word '.repeat(30)}"`
const chain = (window: number) =>
  `provider "simulated" {}\n${model('fast', 1000, 'fallback = [model.small]')}${model('small', window)}prompt "answer" {\n  model = model.fast\n  ${WORDS}\n}\n`

t.test('a fallback that is too small is told, and where it is named', async t => {
  const project = testProject(chain(20))
  t.same(await project.refusal(), ['prompt/context-overflow "model.fast"'])
})

t.test('a model whose window becomes smaller is held against prompts that stay as they are', async t => {
  const project = testProject(chain(1000))
  await project.apply()
  project.write(chain(20))
  t.same(await project.refusal(), ['prompt/context-overflow "model.fast"'])
})

t.test('a tier that is too small is told at the tier', async t => {
  const project = testProject(
    `provider "simulated" {}\n${model('fast', 1000)}${model('small', 20)}prompt "answer" {\n  ${WORDS}\n  tier {\n    model       = model.fast\n    escalate_on = ["refusal"]\n  }\n  tier { model = model.small }\n}\n`,
  )
  t.same(await project.refusal(), ['prompt/context-overflow "model.small"'])
})
