import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import type { Plan } from '../../src/plan/plan.ts'
import { encodePlan } from '../../src/plan/plan-file.ts'
import { applyEvents } from '../../src/views/apply-events.ts'
import { logEvent, versionEvent } from '../../src/views/event.ts'
import {
  appliedOutputsEvent,
  applyCompleteEvent,
  applyErroredEvent,
  applyStartEvent,
  applySummaryEvent,
  planEvents,
} from '../../src/views/plan-events.ts'
import { appliedJson, planJson } from '../../src/views/plan-json.ts'
import {
  answerChange,
  changeOf,
  driftPlan,
  firstPlan,
  fourChangesPlan,
  NOW,
  oneWordPlan,
  planOf,
  promptOf,
  release,
  versionOf,
} from './plan-fixture.ts'

const schemas = new URL('../../schemas/', import.meta.url)
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false })
for (const folder of ['output/', 'events/', '']) {
  for (const file of readdirSync(new URL(folder, schemas)).filter(name =>
    /^(plan|diagnostic|version|log|obstacle|apply|.*_.*|outputs)\.schema\.json$/.test(name),
  )) {
    ajv.addSchema(JSON.parse(readFileSync(new URL(folder + file, schemas), 'utf8')), folder + file)
  }
}

function assertValid(test: Tap, name: string, value: unknown): void {
  const valid = ajv.validate(name, value)
  test.ok(valid, `${name}: ${ajv.errorsText()}`)
}
type Tap = { ok(value: unknown, message: string): unknown }

const warning = { code: 'model/unknown-id', severity: 'warning', summary: 'The catalogue has no "gpt-4o-minni"', detail: 'x' } as const
const keyed = changeOf({ address: 'prompt.greet["de.x"]', action: 'create', after: versionOf(1, promptOf([{ role: 'user', text: 'hi' }])) })
const inModule = changeOf({
  ...keyed,
  address: 'module.kb["a.b[0]"].prompt.greet["x\\"].prompt.y[\\""]',
  previousAddress: 'prompt.old',
  imported: { address: 'prompt.reply', version: 5, active: null },
})
const fullPlan: Plan = planOf({
  ...driftPlan,
  changes: [...driftPlan.changes, ...fourChangesPlan.changes, keyed, inModule],
  outputs: [
    { name: 'url', action: 'create', after: 'https://x', type: 'string', sensitive: false },
    { name: 'key', action: 'update', type: 'string', sensitive: true },
  ],
  obstacles: [...driftPlan.obstacles, { kind: 'owned-elsewhere', address: 'prompt.x', lineage: 'other' }],
  adoptions: { converged: [{ address: 'prompt.y', version: 2, digest: answerChange.after?.digest ?? 'sha256:' }], forgotten: ['prompt.z'] },
  warnings: [warning],
})
const plans = { firstPlan, oneWordPlan, fourChangesPlan, driftPlan, fullPlan, empty: planOf({}) }

t.test('the document of every plan fits its schema', async t => {
  for (const plan of Object.values(plans)) assertValid(t, 'output/plan.schema.json', JSON.parse(planJson(plan)))
})

t.test('HOLD-3: what an apply lifted is in its document and its stream, and is no obstacle there', async t => {
  const document = JSON.parse(appliedJson(driftPlan, release, 'measured again'))
  assertValid(t, 'output/apply.schema.json', document)
  t.match(document, { applyable: true, obstacles: [], holds_lifted: [{ kind: 'held', address: 'model.backup', version: 3, actor: 'bo' }] })
  assertValid(t, 'output/apply.schema.json', JSON.parse(appliedJson(oneWordPlan, release, 'measured again')))
  const events = applyEvents(driftPlan, release, NOW, 'measured again')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  t.match(
    events.filter(({ type }) => ['obstacle', 'hold_lifted'].includes(type)),
    [{ type: 'hold_lifted', '@message': 'model.backup: Hold on version 3 lifted', hold: { release: 15 }, reason: 'measured again' }],
  )
})

t.test('the document has the names of Terraform', async t => {
  const document = JSON.parse(planJson(fullPlan))
  t.match(document, { format_version: '1.0', applyable: false, complete: true, errored: false })
  t.match(document.resource_changes.at(-2), {
    address: 'prompt.greet["de.x"]',
    mode: 'managed',
    type: 'prompt',
    name: 'greet',
    index: 'de.x',
    change: { actions: ['create'], before: null },
  })
  t.match(document.resource_changes[0].change, { actions: ['update'], before: { params: { max_output_tokens: 4096 } } })
  t.match(
    document.resource_changes.find((change: { address: string }) => change.address === 'prompt.greet'),
    { action_reason: 'delete_because_no_resource_config', change: { actions: ['delete'], after: null } },
  )
  t.match(document.output_changes.key, { actions: ['update'], before: null, after: null, after_sensitive: true })
  t.equal(JSON.parse(planJson(oneWordPlan)).applyable, true)
  t.equal(JSON.parse(planJson(planOf({}))).applyable, false)
})

t.test('every event of a plan and of an apply fits its schema', async t => {
  const stream = [
    versionEvent(NOW),
    logEvent('Note: An apply by ana was killed.\n\n', NOW),
    ...Object.values(plans).map(plan => planEvents(plan, NOW)),
    applyEvents(driftPlan, release, NOW, 'measured again'),
    ...fourChangesPlan.changes.flatMap(change => [
      applyStartEvent(change, NOW),
      applyCompleteEvent(change, NOW, 1200),
      applyErroredEvent(change, NOW, 1),
    ]),
    applySummaryEvent(fullPlan, 16, 'Apply complete! Release 16 of prod: 1 added, 0 changed, 0 destroyed.', NOW),
    appliedOutputsEvent(fullPlan.outputs, NOW),
  ].join('')
  const events = stream
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  for (const event of events) assertValid(t, `events/${event.type}.schema.json`, event)
  t.equal(events[0].type, 'version')
  t.same([...new Set(events.map(event => event.type))].sort(), [
    'apply_complete',
    'apply_errored',
    'apply_start',
    'change_summary',
    'diagnostic',
    'hold_lifted',
    'log',
    'obstacle',
    'outputs',
    'planned_change',
    'resource_drift',
    'version',
  ])
})

t.test('events name resources as Terraform does, those of modules too', async t => {
  const events = planEvents(fullPlan, NOW)
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const changes = events.filter(({ type }) => type === 'planned_change').map(({ change }) => change)
  const old = { addr: 'prompt.old', module: '', resource: 'prompt.old', resource_type: 'prompt', resource_name: 'old', resource_key: null }
  t.match(changes.at(-1), {
    resource: {
      module: 'module.kb["a.b[0]"]',
      resource: 'prompt.greet["x\\"].prompt.y[\\""]',
      resource_type: 'prompt',
      resource_name: 'greet',
      resource_key: 'x"].prompt.y["',
    },
    previous_resource: old,
    importing: { id: 'prompt.reply@5' },
  })
  t.match(JSON.parse(planJson(fullPlan)).resource_changes.at(-1), { module_address: 'module.kb["a.b[0]"]', type: 'prompt', name: 'greet' })
  t.match(
    events.find(({ type }) => type === 'resource_drift'),
    { '@message': /: Drift detected \(update\)$/, change: { action: 'update' } },
  )
})

t.test('a saved plan fits its schema', async t => {
  for (const plan of Object.values(plans)) assertValid(t, 'plan.schema.json', JSON.parse(encodePlan(plan, '0.1.0')))
})
