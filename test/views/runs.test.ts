import t from 'tap'
import { createLiveText } from '../../src/commands/live-text.ts'
import { createLiveTree } from '../../src/commands/live-tree.ts'
import type { RunRecord } from '../../src/engine/durable/record-store.ts'
import type { NodeReport, RunReport } from '../../src/operations/runs/report.ts'
import { runTreeFrame, runTreeLines } from '../../src/views/run-tree.ts'
import { createStyle, plainStyle } from '../../src/views/style.ts'
import { displayWidth } from '../../src/views/text-width.ts'
import { traceText } from '../../src/views/trace.ts'

const run: RunRecord = {
  ...{ id: '01M7Z8Z781X1WSABMTR3S6VBWA', project: 'shop', environment: 'dev', flow: 'workflow.research', state: 'succeeded', release: 0 },
  ...{ closureDigest: 'sha256:0', interpreter: 1, input: {}, session: {}, fingerprint: 'f', priority: 0, lane: 'workflow.research' },
  ...{ createdAtMs: 0, notBeforeMs: 0, startedAtMs: 0, endedAtMs: 4100, deadlineAtMs: 1e9, retentionMs: 1e9, epoch: 1, deaths: 0 },
  ...{ costNano: 606_000, submittedBy: 'ana' },
}

function node(path: string, changes: Partial<NodeReport>): NodeReport {
  const common = { path, label: path, isInner: false, type: 'model', status: 'succeeded', attempts: 1, isCached: false } as const
  return { ...common, usage: null, calls: [], tries: [], ...changes }
}

function report(...nodes: readonly NodeReport[]): RunReport {
  return { run, nodes, waits: [], usage: null }
}

const call = { model: 'model.fast', waitedMs: 0, firstEventMs: null }

t.test('3.34: calls of a step and the pauses between them stand under it', t => {
  const answer = node('answer', {
    ...{ startedAtMs: 2200, endedAtMs: 4100, costNano: 222_000 },
    calls: [
      { ...call, startedAfterMs: 0, durationMs: 112, outcome: 'rate_limited', status: 429 },
      { ...call, startedAfterMs: 512, durationMs: 1388, outcome: 'answered', status: 200, firstEventMs: 318 },
    ],
  })
  const screen = node('screen', { type: 'guard', startedAtMs: 0, endedAtMs: 3, costNano: 0 })
  const lines = traceText(report(screen, answer), plainStyle, 5000).split('\n')
  t.equal(lines[0], 'workflow.research · 01M7Z8Z781X1WSABMTR3S6VBWA · succeeded · 4.1 s · $0.000606')
  t.match(lines[2], /^step {9}0 s {6}1 s {7}2 s {7}3 s {7}/)
  t.match(lines[3], /^screen {7}▏ +3 ms$/)
  t.match(lines[4], /^answer {7} {21}█{19} +1\.9 s {2}\$0\.000222$/)
  t.match(lines[5], / {2}attempt 1 .* 112 ms {2}429, rate_limited$/)
  t.match(lines[6], / {2}waiting +·{4} +400 ms$/)
  t.match(lines[7], / {2}attempt 2 .* 1\.3 s {2}200, first token 318 ms$/)
  t.end()
})

t.test('a step that began before its run, by a clock that was set back, is drawn at its start', t => {
  t.match(traceText(report(node('answer', { startedAtMs: -500, endedAtMs: -100 })), plainStyle, 0), /^answer {2}█/m)
  t.end()
})

t.test('columns of a run stand under each other, with colour too, and no line is too wide', t => {
  const nodes = [
    node('screen', { type: 'guard', startedAtMs: 0, endedAtMs: 3 }),
    node('billing', { type: 'agent', status: 'skipped', reason: 'not on route general, and a reason that is much longer than its line' }),
    node('answer', {
      ...{ startedAtMs: 0, endedAtMs: 1900, model: 'a-model-with-a-name-that-is-long', attempts: 2, costNano: 222_000 },
      usage: { input: 1034, cachedInput: 0, output: 112 },
    }),
  ]
  for (const width of [60, 80, 100]) {
    const plain = runTreeLines(report(...nodes), createStyle({ colored: false, ascii: false, width }), 0)
    for (const line of plain) t.ok(displayWidth(line) <= width, line)
    const colored = runTreeLines(report(...nodes), createStyle({ colored: true, ascii: false, width }), 0)
    t.same(
      colored.map(line => line.replaceAll(/\u001b\[\d+m/g, '')),
      plain,
    )
  }
  t.match(
    runTreeLines(report(...nodes), createStyle({ colored: false, ascii: false, width: 100 }), 0)[2],
    /, attempt 2 {2}1,034 in {2}112 out {2}\$0\.000222$/,
  )
  t.end()
})

t.test('texts of a run are foreign: no control character reaches a terminal', t => {
  const hostile = node('each["\u001b[2J"].say', { isInner: true, label: '["\u001b[2J"]', model: '\u001b]0;x\u0007' })
  const text = runTreeLines(report(hostile), plainStyle, 0).join('\n') + traceText(report(hostile), plainStyle, 0)
  t.notMatch(text, /[\u001b\u0007]/)
  t.end()
})

t.test('3.32: of many items those under way and those that failed are shown, and the others counted', t => {
  const status = (index: number) => (index === 3 ? 'failed' : index > 97 ? 'running' : 'succeeded')
  const item = (index: number) => node(`each[${index}].say`, { isInner: true, label: `[${index}]`, status: status(index) })
  const items = Array.from({ length: 100 }, (_, index) => item(index))
  const lines = runTreeLines(report(node('each', { type: 'map', status: 'running' }), ...items), plainStyle, 0)
  t.same(
    lines.slice(1).map(line => line.slice(2, 13).trimEnd()),
    ['├ ✗ [3]   m', '├ ● [98]  m', '├ ● [99]  m', '└ … 97 succ'],
  )
  t.match(lines.at(-1), /└ … 97 succeeded$/)
  const all = items.map(each => ({ ...each, status: 'failed' as const }))
  const many = runTreeLines(report(node('each', { type: 'map' }), ...all), plainStyle, 0)
  t.equal(many.length, 22)
  t.match(many.at(-1), /└ … 80 failed$/)
  t.equal(runTreeLines(report(node('each', { type: 'map' }), ...items.slice(0, 8)), plainStyle, 0).length, 9)
  t.end()
})

t.test('3.32: a router says which of its rules held', t => {
  const detail = (rule: NodeReport['rule']) =>
    runTreeLines(report(node('route', { type: 'router', exit: 'general', ...(rule && { rule }) })), plainStyle, 0)[0]
  t.match(detail({ number: 2, of: 2 }), /→ general \(rule 2 of 2\)$/)
  t.match(detail('default'), /→ general \(default\)$/)
  t.match(detail(undefined), /→ general$/)
  t.end()
})

t.test('what a model writes stands below its node while it writes, its end where there is no room', t => {
  const running = report(node('answer', { status: 'running', startedAtMs: 0 }), node('after', { status: 'pending' }))
  const frame = (text: string) => runTreeFrame(running, plainStyle, 1000, new Map([['answer', text]]))
  t.same(frame('').lines.length, 2)
  const { lines, last } = frame('Parcels take\n\n two days\u001b[2J.')
  t.equal(lines[1], '    │ Parcels take two days␛[2J.')
  t.equal(last, 1)
  const long = frame(Array.from({ length: 200 }, (_, index) => `word${index}`).join(' '))
  t.equal(long.lines.length, 4)
  t.match(long.lines[2], /word199$/)
  for (const line of frame('x'.repeat(500)).lines) t.ok(displayWidth(line) <= 80, line)
  t.end()
})

t.test('SSE-4: what a former attempt or another model wrote does not count', t => {
  const live = createLiveText()
  const head = { run: run.id, atMs: 0 }
  const say = (text: string) => live.take({ ...head, type: 'call', path: 'answer', event: { type: 'text-delta', text } })
  const text = () => live.texts.get('answer')
  say('One ')
  say('two')
  t.equal(text(), 'One two')
  live.take({ ...head, type: 'step.started', path: 'answer', node: 'answer', attempt: 2 })
  t.equal(text(), undefined)
  say('x')
  live.take({ ...head, type: 'call', path: 'answer', event: { type: 'repair', problems: [] } })
  t.equal(text(), undefined)
  say('y'.repeat(5000))
  t.equal(text()?.length, 2000)
  live.take({ ...head, seq: 3, type: 'step.succeeded', data: { path: 'answer' } })
  t.equal(text(), undefined)
  t.end()
})

t.test('a live tree is as high as its terminal, and ends without a trace', async t => {
  const written: string[] = []
  const drawn = Promise.withResolvers<void>()
  const screen = {
    rows: () => 6,
    write(text: string) {
      written.push(text)
      drawn.resolve()
    },
  }
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`)
  const tree = createLiveTree(screen, async () => ({ lines, last: 30 }))
  tree.change()
  await drawn.promise
  t.equal(written[0], 'line 27\nline 28\nline 29\nline 30\n')
  tree.end()
  t.equal(written.at(-1), '\u001b[4A\r\u001b[0J')
  tree.change()
  t.equal(written.length, 2)
})

t.test('a live tree that could not be drawn once is drawn the next time', async t => {
  const drawn = Promise.withResolvers<string>()
  let frames = 0
  const failed = Promise.withResolvers<void>()
  const frame = async () => {
    if (frames++ > 0) return { lines: ['the line'], last: 0 }
    failed.resolve()
    throw new Error('the store is busy')
  }
  const tree = createLiveTree({ rows: () => 10, write: text => drawn.resolve(text) }, frame)
  tree.change()
  await failed.promise
  tree.change()
  t.equal(await drawn.promise, 'the line\n')
  tree.end()
})

t.test('the end of a text is shown while it is written, in a language without blanks too', t => {
  const written = `${'起'.repeat(300)}尾`
  const { lines } = runTreeFrame(
    report(node('answer', { status: 'running', startedAtMs: 0 })),
    plainStyle,
    10,
    new Map([['answer', written]]),
  )
  t.match(lines.at(-1), /尾$/)
  for (const line of lines) t.ok(displayWidth(line) <= plainStyle.width)
  t.end()
})
