import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t, { type Test } from 'tap'
import { planSideBySide, type SideBySide } from '../../src/operations/side-by-side.ts'
import { sideBySideEvents, sideBySideJson, sideBySideMarkdown, sideBySideText } from '../../src/views/side-by-side.ts'
import { plainStyle } from '../../src/views/style.ts'
import { hostIn, told } from '../support/configuration.ts'
import { testProject } from '../support/project.ts'

const support = (prompt: string) => `provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}

variable "tone" { type = string }

prompt "answer" {
  model = model.fast
  user  = "${prompt}"
}

environment "dev" {
  variables = { tone = "calm" }
}

environment "prod" {
  variables = { tone = "formal" }
}

environment "stage" {
  variables = { tone = "formal" }
}
`

const schemas = new URL('../../schemas/', import.meta.url)
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false })
for (const name of ['output/plan', 'output/plans', 'output/diagnostic'])
  ajv.addSchema(JSON.parse(readFileSync(new URL(`${name}.schema.json`, schemas), 'utf8')))
for (const name of readdirSync(new URL('events/', schemas)))
  ajv.addSchema(JSON.parse(readFileSync(new URL(`events/${name}`, schemas), 'utf8')))

function eventsOf(together: SideBySide) {
  return sideBySideEvents(together, 0)
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** Its document and its events are what their schemas say. */
function fits(t: Test, together: SideBySide): void {
  t.ok(ajv.validate('/schemas/output/plans.schema.json', JSON.parse(sideBySideJson(together))), ajv.errorsText())
  for (const event of eventsOf(together))
    t.ok(ajv.validate(`/schemas/events/${event.type}.schema.json`, event), `${event.type}: ${ajv.errorsText()}`)
}

async function plansOf(folder: string, ...environments: readonly string[]): Promise<SideBySide> {
  const result = await planSideBySide(hostIn(folder), environments, { variables: [], canAsk: false })
  if (result.outcome === 'planned') return result
  throw new Error(result.outcome === 'invalid' ? told(result.diagnostics).join('; ') : 'asks')
}

t.test('each environment is planned as it would be alone, and shown in a column of its own', async t => {
  const project = testProject(support('Answer in a ${var.tone} tone.'))
  await project.apply({ environment: 'dev' })
  await project.apply({ environment: 'prod' })
  project.write(support('Answer at once, in a ${var.tone} tone.'))
  await project.apply({ environment: 'prod' })
  const together = await plansOf(project.folder, 'dev', 'prod', 'stage', 'dev')
  t.same(
    together.plans.map(({ changeDigest }) => changeDigest),
    await Promise.all(['dev', 'prod', 'stage'].map(async environment => (await project.plan({ environment })).changeDigest)),
    'an environment named twice is shown once',
  )
  t.equal(
    sideBySideText(together, plainStyle),
    `Plan for dev (embedded), against release 1: 0 to add, 1 to change, 0 to destroy.
Plan for prod (embedded), against release 2: no changes.
Plan for stage (embedded, no release yet): 3 to add, 0 to change, 0 to destroy.

block               dev        prod  stage
prompt.answer       ~ @1 → @4        + @3
provider.simulated                   + @1
model.fast                           + @1

Each in full: flowrun plan -e NAME
`,
  )
  const { plans: unchanged, failed } = await plansOf(project.folder, 'prod')
  t.equal(
    sideBySideText({ plans: [...unchanged, ...unchanged], failed }, plainStyle)
      .split('\n')
      .at(-2),
    'No changes. prod and prod match the configuration.',
  )
  fits(t, together)
  t.same(
    eventsOf(together)
      .filter(({ type }) => type === 'environment')
      .map(({ environment }) => environment),
    ['dev', 'prod', 'stage'],
  )
  t.same(
    sideBySideMarkdown(together).match(/^<!-- .*$/gm),
    ['dev', 'prod', 'stage'].map(name => `<!-- flowrun-plan project ${name} -->`),
  )
})

t.test('an environment that cannot be planned keeps nobody from seeing the others', async t => {
  const text = support('Answer in a ${var.tone} tone.').replace(
    'environment "stage" {\n  variables = { tone = "formal" }',
    'environment "stage" {',
  )
  const { folder } = testProject(
    `${text}environment "far" {\n  state "http" {\n    address      = "http://127.0.0.1:1/"\n    lock_address = "http://127.0.0.1:1/"\n    retry_max    = 0\n  }\n  variables = { tone = "far" }\n}\n`,
  )
  const together = await plansOf(folder, 'stage', 'dev', 'far', 'test')
  t.same(
    together.failed.map(({ environment, diagnostics }) => `${environment} ${diagnostics.map(({ code }) => code)}`),
    ['stage config/missing-variable', 'far state/unreachable', 'test config/unknown-environment'],
  )
  t.match(
    sideBySideText(together, plainStyle),
    /^Plan for dev .*: 3 to add.*\nPlan for stage: none, for an error\.\nPlan for far: none, for an error\.\n/,
  )
  fits(t, together)
  t.same(
    eventsOf(together).flatMap(({ type, environment, diagnostic }) =>
      type === 'environment' ? [environment] : type === 'diagnostic' ? [diagnostic.code] : [],
    ),
    ['dev', 'stage', 'config/missing-variable', 'far', 'state/unreachable', 'test', 'config/unknown-environment'],
  )
  t.match(
    sideBySideMarkdown(together),
    '<!-- flowrun-plan project stage -->\n### flowrun plan for `stage`: none, for an error\n\n- config/missing-variable: `',
  )
})

t.test('what keeps an environment from being planned is told once, however many have it', async t => {
  const { folder } = testProject(support('Answer in a ${vr.tone} tone.'))
  const result = await planSideBySide(hostIn(folder), ['dev', 'prod', 'test'], { variables: [], canAsk: false })
  if (result.outcome !== 'invalid') return t.fail(result.outcome)
  t.same(told(result.diagnostics), ['hcl/unknown-name "vr"', 'config/unknown-environment'])
})
