import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import type { RunRecord } from '../../src/engine/durable/record-store.ts'
import type { NodeReport } from '../../src/operations/runs/report.ts'
import { outerOf } from '../../src/operations/runs/step-path.ts'
import { traceOtlp } from '../../src/views/trace-otlp.ts'
import { projectRoot } from '../support/built-cli.ts'
import { typeCommand } from '../support/typed-command.ts'

const text = { type: 'string' } as const
const hex = (length: number) => ({ type: 'string', pattern: `^(?!0+$)[0-9a-f]{${length}}$` })
const only = (required: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
})
const listOf = (items: object) => ({ type: 'array', items })

/** 64 bits are texts in the JSON of protobuf, enums of OTLP are numbers, and its ids are hex where protobuf has base64. */
const integer64 = { type: 'string', pattern: '^-?[0-9]{1,20}$' }
const anyValue = {
  oneOf: [
    only({ stringValue: text }),
    only({ boolValue: { type: 'boolean' } }),
    only({ intValue: integer64 }),
    only({ doubleValue: { type: 'number' } }),
  ],
}
const attributes = listOf(only({ key: { type: 'string', minLength: 1 }, value: anyValue }))
const span = only(
  {
    ...{ traceId: hex(32), spanId: hex(16), name: { type: 'string', minLength: 1 }, kind: { enum: [1, 2, 3, 4, 5] } },
    ...{ startTimeUnixNano: integer64, endTimeUnixNano: integer64, attributes },
    status: only({}, { code: { enum: [0, 1, 2] }, message: text }),
  },
  { parentSpanId: hex(16) },
)
/** opentelemetry-proto: collector/trace/v1 ExportTraceServiceRequest, as proto3 JSON, of what we use. */
const exportRequest = only({
  resourceSpans: listOf(
    only({ resource: only({ attributes }), scopeSpans: listOf(only({ scope: only({ name: text, version: text }), spans: listOf(span) })) }),
  ),
})
const isRequest = new Ajv2020({ strict: false }).compile(exportRequest)

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
  readonly status: { readonly code?: number; readonly message?: string }
}

function spansOf(otlp: string): readonly Span[] {
  return JSON.parse(otlp).resourceSpans[0].scopeSpans[0].spans
}

function facts({ attributes }: Span): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

const run: RunRecord = {
  ...{ id: '01M7Z8Z781X1WSABMTR3S6VBWA', project: 'shop', environment: 'dev', flow: 'workflow.research', state: 'failed', release: 3 },
  ...{ closureDigest: 'sha256:0', interpreter: 1, input: {}, session: { id: 's-1', user: 'ana' }, fingerprint: 'f', priority: 0 },
  ...{ lane: 'workflow.research', createdAtMs: 0, notBeforeMs: 0, startedAtMs: 1000, endedAtMs: 5100, deadlineAtMs: 1e9, retentionMs: 1e9 },
  ...{
    epoch: 1,
    deaths: 0,
    costNano: 606_000,
    submittedBy: 'ana',
    error: { code: 'provider/timeout', message: 'Too late', retryable: true },
  },
}
const answer: NodeReport = {
  ...{
    path: 'each[0].answer',
    label: '[0]',
    isInner: true,
    type: 'model',
    status: 'succeeded',
    attempts: 2,
    isCached: false,
    exit: 'done',
  },
  ...{ startedAtMs: 1200, endedAtMs: 4100, costNano: 222_000, usage: { input: 1034, cachedInput: 0, output: 112 }, tries: [] },
  calls: [
    { model: 'model.fast', startedAfterMs: 0, durationMs: 112, waitedMs: 0, outcome: 'rate_limited', status: 429, firstEventMs: null },
    { model: 'model.fast', startedAfterMs: 512, durationMs: 1388, waitedMs: 3, outcome: 'answered', status: 200, firstEventMs: 318 },
  ],
}
const tree = {
  report: { run, nodes: [answer], waits: [], usage: answer.usage },
  models: new Map([['model.fast', { id: 'claude-haiku', providerType: 'amazon_bedrock' }]]),
  children: new Map(),
}

t.test('a run is spans in the JSON of OTLP, its calls with the GenAI conventions', t => {
  const otlp = traceOtlp({ rootId: run.id, tree })
  t.ok(isRequest(JSON.parse(otlp)), JSON.stringify(isRequest.errors))
  t.match(otlp, /^[^\n]+\n$/, 'one line, as collectors read them from files')
  const [whole, node, first, second, ...none] = spansOf(otlp)
  t.same(none, [])
  t.match(whole, {
    name: 'invoke_workflow research',
    kind: 1,
    startTimeUnixNano: '1000000000',
    endTimeUnixNano: '5100000000',
    status: { code: 2 },
  })
  t.match(whole && facts(whole), { 'gen_ai.workflow.name': 'research', 'gen_ai.conversation.id': 's-1', 'error.type': 'provider/timeout' })
  t.match(node, { name: 'model each[0].answer', status: {} })
  t.match(first, { name: 'chat claude-haiku', kind: 3, status: { code: 2, message: 'rate_limited' }, parentSpanId: node?.spanId })
  t.match(first && facts(first), { 'http.response.status_code': '429', 'error.type': 'rate_limited' })
  t.notHas(first && facts(first), { 'gen_ai.usage.input_tokens': '1034' })
  t.match(second && facts(second), {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'aws.bedrock',
    'gen_ai.request.model': 'claude-haiku',
    'gen_ai.usage.input_tokens': '1034',
    'gen_ai.usage.output_tokens': '112',
    'gen_ai.response.time_to_first_chunk': 0.318,
  })
  t.match(second, { startTimeUnixNano: '1712000000', endTimeUnixNano: '3100000000' })
  t.equal(traceOtlp({ rootId: run.id, tree }), otlp, 'the same ids whenever it is made')
  t.end()
})

t.test('a trace goes over the runs that a run began, and every span but the first has a parent in it', async t => {
  const folder = t.testdir()
  cpSync(join(projectRoot, 'examples/support'), folder, { recursive: true })
  const input = JSON.stringify({ message: 'Where is my parcel?', pages: ['one', 'two'] })
  t.match(await typeCommand(folder, ['run', 'workflow.support', '--input', input, '--session', 'user=ana']), { code: 0 })
  const { code, out, err } = await typeCommand(folder, ['trace', '@last', '--format', 'otlp'])
  t.match({ code, err }, { code: 0, err: '' })
  t.ok(isRequest(JSON.parse(out)), JSON.stringify(isRequest.errors))
  t.notMatch(out, /parcel/, 'content is in no span')
  const spans = spansOf(out)
  t.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length)
  t.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1)
  const byId = new Map(spans.map(each => [each.spanId, each]))
  const [root, ...others] = spans
  t.notHas(root, { parentSpanId: String })
  for (const { parentSpanId = '', name } of others) t.ok(byId.has(parentSpanId), name)
  const named = (name: string) => spans.filter(each => each.name === name)
  t.equal(byId.get(named('model pages[1].summarise')[0]?.parentSpanId ?? '')?.name, 'map pages')
  t.equal(byId.get(named('invoke_workflow lookup')[0]?.parentSpanId ?? '')?.name, 'flow lookup')
  t.equal(named('chat simulated-small').length, 3)
  const child = named('invoke_workflow lookup')[0]
  const alone = await typeCommand(folder, ['trace', String(child && facts(child)['flowrun.run.id']), '--format', 'otlp'])
  t.same(spansOf(alone.out)[0], child, 'alone it is the same spans of the same trace')
})

t.test('what an error says may be of what was given: a span has its code alone', t => {
  const error = { code: 'map/duplicate-key', message: 'Items 0 and 1 of "each" have one key, "ann@example.com"', retryable: false }
  const tries = [1, 2].map(number => ({ run: run.id, path: 'each', number, epoch: 1, startedAtMs: 1200, endedAtMs: 1300, error }))
  const nodes: readonly NodeReport[] = [{ ...answer, path: 'each', status: 'failed', error, tries, calls: [] }]
  const otlp = traceOtlp({ rootId: run.id, tree: { ...tree, report: { ...tree.report, run: { ...run, error }, nodes } } })
  const failed = { code: 2, message: 'map/duplicate-key' }
  t.match(spansOf(otlp), [{ status: failed }, { name: 'model each', status: failed }, { name: 'attempt 1', status: failed }])
  t.notMatch(otlp, /ann@example/)
  t.end()
})

t.test('one step alone is no trace, and what is wrong goes to stderr', async t => {
  const folder = t.testdir()
  cpSync(join(projectRoot, 'examples/support'), folder, { recursive: true })
  const typed = await typeCommand(folder, ['trace', '@last', '--format', 'otlp', '--node', 'answer'])
  t.match(typed, { code: 1, out: '', err: /\[cli\/conflicting-flags\]/ })
  t.match(await typeCommand(folder, ['trace', '@last', '--format', 'otlp']), { code: 1, out: '', err: /\[run\/unknown\]/ })
})

t.test('a step of a body is inside of its map or loop, whatever keys its items have', t => {
  t.equal(outerOf('answer'), undefined)
  t.equal(outerOf('pages[17].extract'), 'pages')
  t.equal(outerOf('a[0].b["x[1].y"].c'), 'a[0].b')
  t.end()
})
