import t from 'tap'
import type { NodeSpec } from '../../src/artifact/workflow.ts'
import { compile, MODEL, told } from '../support/configuration.ts'
import { threadCpuMs } from '../support/thread-cpu-time.ts'

const PROMPTS = `${MODEL}
guard "safe" {
  length { max_chars = 100 }
}

prompt "answer" {
  model = model.fast
  input {
    field "text" { type = string }
    field "notes" {
      type    = list(string)
      default = []
    }
  }
  user = "\${input.text} \${join(", ", input.notes)}"
  output {
    field "answer" { type = string }
    field "score" { type = number }
    field "hint" { type = optional(string) }
  }
}
`

const body = (...lines: readonly string[]) => lines.map(line => `  ${line.replaceAll('\n', '\n  ')}\n`).join('')

/** A workflow over `input.text` and `input.pages` with these lines. */
const workflow = (...lines: readonly string[]) =>
  `${PROMPTS}\nworkflow "x" {\n  timeout = "48h"\n  input {\n    field "text" { type = string }\n    field "pages" { type = list(string) }\n  }\n${body(...lines)}}\n`

const node = (type: string, name: string, ...lines: readonly string[]) => `node "${type}" "${name}" {\n${body(...lines)}}`
const model = (name: string, ...lines: readonly string[]) =>
  node(
    'model',
    name,
    'prompt = prompt.answer',
    ...(lines.some(line => /^with/.test(line)) ? [] : ['with = { text = input.text }']),
    ...lines,
  )
const router = (...lines: readonly string[]) =>
  node('router', 'topic', 'default = "general"', 'route "billing" { when = can(regex("invoice", input.text)) }', ...lines)
const approval = (...lines: readonly string[]) =>
  node(
    'approval',
    'release',
    'title = "Go?"',
    'body = input.text',
    'assignees = ["role:lead"]',
    'timeout = "24h"',
    'on_timeout = "reject"',
    ...lines,
  )
const output = (value: string) => `output { value = ${value} }`

/** The workflow, which must be without errors. */
function spec(...lines: readonly string[]) {
  const compiled = compile(workflow(...lines))
  t.same(
    compiled.diagnostics.map(({ code, summary }) => `${code} ${summary}`),
    [],
  )
  return compiled.spec('workflow', 'x')
}

const nodeOf = (nodes: readonly NodeSpec[], name: string) => nodes.find(candidate => candidate.name === name)
const sources = (nodes: readonly NodeSpec[], name: string) =>
  nodeOf(nodes, name)?.sources.map(({ node, kind, exit }) => [node, kind, ...(exit === undefined ? [] : [exit])].join(' '))

/** Workflows with one mistake each: what is underlined stands between « and ». */
function refuses(name: string, mistakes: readonly (readonly [what: string, code: string, ...lines: readonly string[]])[]): void {
  t.test(name, t => {
    for (const [what, code, ...lines] of mistakes) {
      const marked = workflow(...lines)
      const { diagnostics } = compile(marked.replace(/[«»]/g, ''))
      t.same(told(diagnostics), [`${code} ${JSON.stringify(/«(.*?)»/s.exec(marked)?.[1])}`], what)
    }
    t.end()
  })
}

t.test('what a node reads is what it waits for: required, optional, order, exits', t => {
  const { nodes } = spec(
    node('guard', 'screen', 'guard = guard.safe', 'text = input.text', 'on_error { action = "exit" }'),
    router(),
    model('a', 'on = [exit.topic.billing]'),
    model('b', 'on = [exit.topic.general, node.screen]'),
    model('last', 'after = [node.screen]', 'with = { text = coalesce(node.a.output.answer, node.b.output.answer) }'),
    model('tested', 'with = { text = can(regex("x", node.last.text)) ? "yes" : "no" }'),
    model('compared', 'with = { text = node.last.output.hint == null ? "none" : "some" }'),
    model('told', 'with = { text = try(node.tested.text, "") }', 'when = node.a.status == "skipped"'),
    node('transform', 'blocked', 'on = [exit.screen.blocked]', 'value = "no ${node.screen.exit}"'),
    output('[node.told.text, node.compared.text, node.blocked.output]'),
  )
  t.same(sources(nodes, 'a'), ['topic exit billing'])
  t.same(sources(nodes, 'b'), ['screen exit', 'topic exit general'])
  t.same(sources(nodes, 'last'), ['a optional', 'b optional', 'screen after'])
  t.same(sources(nodes, 'tested'), ['last required'], 'can() tests a text, not whether it is there')
  t.same(sources(nodes, 'compared'), ['last optional'])
  t.same(sources(nodes, 'told'), ['a after', 'tested optional'], 'the status of a skipped node can be read')
  t.same(sources(nodes, 'blocked'), ['screen exit blocked', 'screen required'])
  t.end()
})

t.test('a template file and an arm of a known condition are read like the expression around them', t => {
  const text = workflow(
    model('a'),
    model('b'),
    model('c', 'with = { text = template("c.md"), notes = var.short ? [] : [node.b.text] }'),
    output('[node.c.text, node.b.text]'),
  )
  const { spec, diagnostics } = compile({ 'main.flow.hcl': `variable "short" { default = true }\n${text}`, 'c.md': 'From ${node.a.text}' })
  t.same(told(diagnostics), [])
  t.same(sources(spec('workflow', 'x').nodes, 'c'), ['a required'])
  t.end()
})

t.test('an edge is the same as "on", and may have a condition', t => {
  const { nodes } = spec(
    router(),
    model('a'),
    'edge {\n  from = exit.topic.billing\n  to   = node.a\n  when = length(input.text) > 3\n}',
    'edge {\n  from = exit.topic.general\n  to   = node.a\n}',
    output('node.a.text'),
  )
  t.same(nodeOf(nodes, 'a')?.sources, [
    { node: 'topic', kind: 'exit', exit: 'billing', when: { $expr: 'length(input.text) > 3' } },
    { node: 'topic', kind: 'exit', exit: 'general' },
  ])
  t.end()
})

t.test('a body sees its own nodes and those around it; what it reads of these, its owner waits for', t => {
  const { nodes } = spec(
    model('first'),
    node(
      'map',
      'pages',
      'items = input.pages',
      'item_key = "p${item.index}"',
      model('one', 'with = { text = "${item.value} ${node.first.text}" }'),
      model('two', 'with = { text = node.one.output.answer }'),
      output('{ answer = node.two.output.answer, index = item.index }'),
    ),
    output('node.pages.output[*].answer'),
  )
  t.same(sources(nodes, 'pages'), ['first required'])
  const pages = nodeOf(nodes, 'pages')
  t.same(sources(pages?.nodes ?? [], 'one'), [])
  t.same(sources(pages?.nodes ?? [], 'two'), ['one required'])
  t.same(pages?.arguments, {
    items: { $expr: 'input.pages' },
    item_key: { $template: 'p${item.index}' },
    concurrency: 8,
    max_items: 1000,
    on_item_error: 'fail_fast',
  })
  t.same(pages?.output, { answer: { $expr: 'node.two.output.answer' }, index: { $expr: 'item.index' } })
  t.equal(pages?.timeout_ms, undefined, 'a map takes as long as its nodes do')
  t.end()
})

t.test('a loop has a state of one type', t => {
  const { nodes, output: result } = spec(
    node(
      'loop',
      'polish',
      'state = { draft = input.text, score = 0, seen = [] }',
      'max_iterations = 3',
      model('review', 'with = { text = loop.state.draft, notes = loop.state.seen }'),
      'next = { draft = node.review.output.answer, score = node.review.output.score, seen = concat(loop.state.seen, [loop.state.draft]) }',
      'until = loop.state.score >= 0.8',
    ),
    node('transform', 'spent', 'on = [exit.polish.exhausted]', 'value = node.polish.output.score'),
    output('{ draft = node.polish.output.draft, spent = node.spent.output }'),
  )
  t.match(nodeOf(nodes, 'polish')?.arguments, {
    max_iterations: 3,
    until: { $expr: 'loop.state.score >= 0.8' },
    state: { draft: { $expr: 'input.text' }, score: 0, seen: [] },
  })
  t.match(result?.schema, {
    required: [],
    properties: { draft: { type: ['string', 'null'] }, spent: { type: ['number', 'null'] } },
  })
  t.end()
})

t.test('arguments and defaults of every type of node', t => {
  const { nodes } = spec(
    node('wait', 'pause', 'duration = "90s"'),
    node('wait', 'short', 'duration = 1.5'),
    node('wait', 'asked', 'duration = length(input.pages)'),
    node('wait', 'paid', 'signal = "payment"', 'type = object({ amount = integer })', 'timeout = "20h"'),
    approval(
      'action "approve" {}',
      'action "reject" { require_comment = true }',
      'field "amount" {\n  type = integer\n  initial = node.paid.output.amount\n}',
    ),
    node(
      'router',
      'canary',
      'kind = "weighted"',
      'key = coalesce(session.user, "nobody")',
      'default = "stable"',
      'route "stable" { weight = 95 }',
      'route "next" { weight = 5 }',
    ),
    model('answer', 'on = [exit.release.approve]', 'model = pin(model.fast, 1)', 'timeout = "10s"', 'retry { max_attempts = 2 }'),
    node('transform', 'kept', 'value = node.answer.text', 'cache { ttl = "1h" }'),
    output('[node.kept.output, node.canary.route]'),
  )
  t.match(nodeOf(nodes, 'pause'), { arguments: { duration_ms: 90_000 }, timeout_ms: undefined })
  t.match(nodeOf(nodes, 'short'), { arguments: { duration_ms: 1_500 } })
  t.same(nodeOf(nodes, 'asked')?.arguments, { duration: { $expr: 'length(input.pages)' } })
  t.match(nodeOf(nodes, 'paid'), { arguments: { signal: 'payment' }, timeout_ms: 20 * 3_600_000 })
  t.match(nodeOf(nodes, 'release')?.arguments, {
    actions: [
      { name: 'approve', require_comment: false },
      { name: 'reject', require_comment: true },
    ],
    fields: { required: ['amount'] },
    initial: { amount: { $expr: 'node.paid.output.amount' } },
    quorum: 1,
    separation: false,
    on_timeout: 'reject',
    notify: [],
  })
  t.same(nodeOf(nodes, 'canary')?.arguments, {
    kind: 'weighted',
    default: 'stable',
    routes: [
      { name: 'stable', weight: 95 },
      { name: 'next', weight: 5 },
    ],
    key: { $expr: 'coalesce(session.user, "nobody")' },
  })
  t.match(nodeOf(nodes, 'answer'), {
    timeout_ms: 10_000,
    retry: { max_attempts: 2, initial_ms: 1_000, max_ms: 60_000 },
    on_error: { action: 'fail' },
    arguments: { model: { $ref: 'model.fast', version: 1 }, stream: true },
  })
  t.match(nodeOf(nodes, 'kept'), { cache: { ttl_ms: 3_600_000, scope: 'tenant' }, timeout_ms: 60_000 })
  t.end()
})

refuses('4.1: graphs that no run could follow', [
  ['a node that is not there', 'workflow/unknown-node', model('a', 'with = { text = «node.b».text }'), output('node.a.text')],
  ['a node that is not there, in a fallback', 'workflow/unknown-node', model('a'), output('try(«node.b».text, node.a.text)')],
  ['a node that is not there, in "after"', 'workflow/unknown-node', model('a', 'after = [«node.b»]'), output('node.a.text')],
  [
    'a node inside of a body',
    'workflow/unknown-node',
    node('map', 'pages', 'items = input.pages', model('a'), output('node.a.text')),
    output('«node.a».text'),
  ],
  [
    'a node around a body, in "on"',
    'workflow/unknown-node',
    router(),
    node('map', 'pages', 'items = input.pages', model('a', 'on = [«exit.topic.billing»]'), output('node.a.text')),
    output('[node.pages.output, node.topic.route]'),
  ],
  [
    'an edge to a node that is not there',
    'workflow/unknown-node',
    model('a'),
    'edge {\n  from = node.a\n  to   = «node.b»\n}',
    output('node.a.text'),
  ],
  [
    'an edge from a node that is not there',
    'workflow/unknown-node',
    model('a'),
    'edge {\n  from = «exit.b.done»\n  to   = node.a\n}',
    output('node.a.text'),
  ],
  ['an exit that is not there', 'workflow/unknown-exit', router(), model('a', 'on = [«exit.topic.biling»]'), output('node.a.text')],
  [
    'an exit without its policy',
    'workflow/unknown-exit',
    model('a'),
    model('b', 'on = [«exit.a.error»]'),
    output('[node.a.text, node.b.text]'),
  ],
  ['a node that waits for itself', 'workflow/cycle', model('a', 'after = [«node.a»]'), output('node.a.text')],
  [
    'two nodes that wait for each other',
    'workflow/cycle',
    model('a', 'with = { text = «node.b.text» }'),
    model('b', 'after = [node.a]'),
    output('node.b.text'),
  ],
  [
    'two ways at once',
    'workflow/exclusive-sources',
    router(),
    model('a', 'on = [exit.topic.billing]'),
    model('b', 'on = [exit.topic.general]'),
    model('c', 'with = { text = "${node.a.text}${«node.b.text»}" }'),
    output('node.c.text'),
  ],
  [
    'two ways at once, through further nodes',
    'workflow/exclusive-sources',
    router(),
    model('a', 'on = [exit.topic.billing]'),
    model('a2', 'with = { text = node.a.text }'),
    model('b', 'on = [exit.topic.general]'),
    model('b2', 'with = { text = node.b.text }'),
    model('c', 'with = { text = "${node.a2.text}${«node.b2.text»}" }'),
    output('node.c.text'),
  ],
  [
    'waiting for the other way',
    'workflow/unreachable',
    router(),
    model('a', 'on = [exit.topic.billing]'),
    model('b', 'on = [«exit.topic.general»]', 'with = { text = node.a.text }'),
    output('node.b.text'),
  ],
  [
    'an answer that nobody reads',
    'workflow/dead-end',
    `«node "model" "a"» {\n  prompt = prompt.answer\n  with = { text = "x" }\n}`,
    model('b'),
    output('node.b.text'),
  ],
  [
    'a decision that nobody follows',
    'workflow/unused-exit',
    router().replace(/^(node "router" "topic")/, '«$1»'),
    model('a'),
    output('node.a.text'),
  ],
  [
    'an approval that decides nothing',
    'workflow/unused-exit',
    approval('field "amount" { type = integer }').replace(/^(node "approval" "release")/, '«$1»'),
    output('node.release.output.amount'),
  ],
])

refuses('4.1: what a node gives is what is taken', [
  ['too little', 'workflow/missing-input', model('a', 'with = «{}»'), output('node.a.text')],
  ['nothing', 'workflow/missing-input', '«node "model" "a"» {\n  prompt = prompt.answer\n}', output('node.a.text')],
  ['too much', 'workflow/unexpected-input', model('a', 'with = { text = "x", «tone» = "y" }'), output('node.a.text')],
  ['another type', 'workflow/type-mismatch', model('a', 'with = { text = «input.pages» }'), output('node.a.text')],
  [
    'another type of a node',
    'workflow/type-mismatch',
    model('a'),
    model('b', 'with = { text = "x", notes = «node.a.output» }'),
    output('node.b.text'),
  ],
  ['something computed', 'config/wrong-type', model('a', 'with = «merge({}, { text = "x" })»'), output('node.a.text')],
  ['an unknown attribute', 'config/unknown-attribute', model('a'), output('node.a.«txt»')],
  ['an unknown attribute in a fallback', 'config/unknown-attribute', model('a'), output('try(node.a.«txt», "")')],
  ['an unknown field of an output', 'hcl/unknown-attribute', model('a'), output('node.a.output«.answr»')],
  ['an unknown input', 'config/unknown-input', model('a', 'with = { text = input.«txt» }'), output('node.a.text')],
  ['what may be skipped, in a text', 'config/may-be-null', model('a', 'when = input.text != ""'), output('"It says ${«node.a.text»}"')],
  [
    'a default of another type',
    'workflow/type-mismatch',
    model('a', 'on_error {\n  action = "default"\n  value = «"sorry"»\n}'),
    output('node.a.output.answer'),
  ],
  ['an output of another type', 'workflow/type-mismatch', model('a'), 'output {\n  value = «node.a.output»\n  type = string\n}'],
  [
    'items that are no list',
    'workflow/type-mismatch',
    node('map', 'm', 'items = «input.text»', model('a'), output('node.a.text')),
    output('node.m.output'),
  ],
  [
    'a state that changes its type',
    'workflow/type-mismatch',
    node(
      'loop',
      'l',
      'state = { n = input.pages }',
      'max_iterations = 2',
      model('a'),
      'next = «{ n = node.a.output.score }»',
      'until = true',
    ),
    output('node.l.output.n'),
  ],
])

refuses('names stand where they mean something', [
  [
    'a key that is made of itself',
    'config/unknown-attribute',
    node('map', 'm', 'items = input.pages', 'item_key = item.«key»', model('a'), output('node.a.text')),
    output('node.m.output'),
  ],
  ['an item outside of a map', 'config/not-in-scope', model('a', 'with = { text = «item.value» }'), output('node.a.text')],
  [
    'an exit as a value',
    'config/not-in-scope',
    router(),
    model('a', 'with = { text = «exit.topic.billing» }'),
    output('[node.a.text, node.topic.route]'),
  ],
  ['a block as a value', 'config/wrong-type', node('transform', 'a', 'value = «{ m = model.fast }»'), output('node.a.output')],
  [
    'a list that is computed',
    'config/wrong-type',
    router(),
    model('a', 'on = «concat([], [])»'),
    output('[node.a.text, node.topic.route]'),
  ],
  [
    'an exit in "after"',
    'config/wrong-type',
    router(),
    model('a', 'after = [«exit.topic.billing»]'),
    output('[node.a.text, node.topic.route]'),
  ],
  ['a name that is taken', 'config/duplicate-block', model('a'), 'node "transform" «"a"» { value = 1 }', output('node.a.text')],
  ['a type of a later version', 'config/not-one-of', model('a'), 'node «"agent"» "b" {}', output('node.a.text')],
])

refuses('nodes have limits and policies where they need them', [
  [
    'a router without a default',
    'router/no-default',
    '«node "router" "topic"» {\n  route "b" { when = input.text == "" }\n}',
    model('a', 'on = [exit.topic.b]'),
    output('node.a.text'),
  ],
  [
    'a loop without a limit',
    'loop/no-limit',
    `«node "loop" "l"» {\n  state = { n = 0 }\n  next = { n = node.a.output.score }\n  until = loop.state.n > 1\n${body(model('a'))}}`,
    output('node.l.output.n'),
  ],
  [
    'an approval for nobody',
    'approval/bad-assignee',
    approval().replace('["role:lead"]', '«["lead"]»'),
    model('a', 'on = [exit.release.approve]'),
    output('node.a.text'),
  ],
  [
    'an approval without a way out',
    'config/not-one-of',
    approval().replace('"reject"', '«"rejcet"»'),
    model('a', 'on = [exit.release.approve]'),
    output('node.a.text'),
  ],
  [
    'a signal that may never come',
    'config/missing-argument',
    '«node "wait" "w"» { signal = "paid" }',
    model('a', 'after = [node.w]'),
    output('node.a.text'),
  ],
  [
    'two kinds of waiting',
    'config/conflicting-arguments',
    '«node "wait" "w"» {\n  duration = "1s"\n  until = "2026-12-01T09:00:00Z"\n}',
    model('a', 'after = [node.w]'),
    output('node.a.text'),
  ],
  [
    'an instant without a zone',
    'config/wrong-type',
    'node "wait" "w" { until = «"2026-12-01T09:00:00"» }',
    model('a', 'after = [node.w]'),
    output('node.a.text'),
  ],
  [
    'a further attempt at waiting',
    'config/unsupported-block',
    node('wait', 'w', 'duration = "1s"', '«retry» { max_attempts = 2 }'),
    model('a', 'after = [node.w]'),
    output('node.a.text'),
  ],
  ['a kept decision', 'config/unsupported-block', router('«cache» { ttl = "1h" }'), model('a'), output('[node.a.text, node.topic.route]')],
  [
    'a route without a rule',
    'config/missing-argument',
    'node "router" "topic" {\n  default = "x"\n  «route "b"» {}\n}',
    model('a', 'on = [exit.topic.b]'),
    output('node.a.text'),
  ],
  [
    'a weight among rules',
    'config/unsupported-argument',
    router('route "c" {\n  when = input.text == ""\n  «weight» = 3\n}'),
    model('a', 'on = [exit.topic.c]'),
    output('node.a.text'),
  ],
  [
    'weights of nothing',
    'config/out-of-range',
    'node "router" "topic" {\n  kind = "weighted"\n  key = run.id\n  default = "b"\n  route "b" { weight = «0» }\n}',
    model('a', 'on = [exit.topic.b]'),
    output('node.a.text'),
  ],
  [
    'a map without an output',
    'config/missing-argument',
    `«node "map" "m"» {\n  items = input.pages\n${body(model('a'))}}`,
    output('node.m.output'),
  ],
  [
    'a default that nobody asked for',
    'config/conflicting-arguments',
    model('a', 'on_error {\n  action = "exit"\n  value = «"x"»\n}'),
    model('b', 'on = [exit.a.error]'),
    output('coalesce(node.a.text, node.b.text)'),
  ],
])

t.test('a run must outlast each of its waits', t => {
  const text = workflow(approval(), model('a', 'on = [exit.release.approve]'), output('node.a.text')).replace('"48h"', '"24h"')
  const { diagnostics } = compile(text)
  t.same(told(diagnostics), ['config/out-of-range "\\"24h\\""'])
  t.equal(diagnostics[0]?.summary, 'workflow.x may take 1d, and its node "release" alone waits up to 1d')
  t.end()
})

t.test('flows that run each other are told with every place', t => {
  const { diagnostics } = compile(`
workflow "a" {
  node "flow" "b" { flow = workflow.b }
}

workflow "b" {
  node "tool" "again" { tool = tool.a }
}

tool "a" { flow = workflow.a }
`)
  const [first] = diagnostics
  t.equal(diagnostics.length, 1)
  t.match(first, { code: 'workflow/recursive-flow', summary: 'These run each other: workflow.b → tool.a → workflow.a → workflow.b' })
  t.equal(first?.related?.length, 2)
  t.end()
})

t.test('RUN-8: flows are run at most 16 deep, bodies stand at most 8 deep, nodes are at most 500, and steps 100,000', t => {
  const flows = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      index === 0
        ? 'workflow "f0" {\n  node "wait" "w" { duration = "1s" }\n}'
        : `workflow "f${index}" {\n  node "flow" "next" { flow = workflow.f${index - 1} }\n}`,
    ).join('\n\n')
  t.same(told(compile(flows(16)).diagnostics), [])
  t.same(told(compile(flows(18)).diagnostics), ['workflow/too-large "workflow.f15"'])
  const bodies = (depth: number): string =>
    depth === 0
      ? model('inner', 'with = { text = item.value }')
      : node(
          'map',
          `m${depth}`,
          'items = input.pages',
          bodies(depth - 1),
          output(depth === 1 ? 'node.inner.text' : `node.m${depth - 1}.output`),
        )
  t.same(told(compile(workflow(bodies(8), output('node.m8.output'))).diagnostics), [])
  t.same(told(compile(workflow(bodies(9), output('node.m9.output'))).diagnostics)[0], 'workflow/too-large "node \\"map\\" \\"m1\\""')
  const many = Array.from({ length: 501 }, (_, index) => `node "wait" "w${index}" { duration = "1s" }`)
  t.same(told(compile(workflow(...many)).diagnostics), ['workflow/too-large "\\"w500\\""'])
  const wait = 'node "wait" "w" { duration = "1s" }'
  t.same(told(compile(workflow('max_steps = 100000', wait)).diagnostics), [])
  t.match(told(compile(workflow('max_steps = 100001', wait)).diagnostics), [/100001/])
  t.end()
})

t.test('a graph of 500 nodes in a chain is checked in a moment', t => {
  const chain = Array.from({ length: 500 }, (_, index) =>
    node(
      'transform',
      `n${index}`,
      index === 0 ? 'value = input.text' : `value = "${'$'}{node.n${index - 1}.output} ${'$'}{node.n0.output}"`,
    ),
  )
  const started = threadCpuMs()
  const { diagnostics } = compile(workflow(...chain, output('node.n499.output')))
  t.same(told(diagnostics), [])
  t.ok(threadCpuMs() - started < 3_000, `${Math.round(threadCpuMs() - started)} ms`)
  t.end()
})

t.test('a model of a node must do what the prompt needs, with all that it falls back to', t => {
  const text = `${workflow(model('a', 'model = model.local'), output('node.a.text'))}
model "local" {
  provider     = provider.simulated
  id           = "simulated-small"
  capabilities = ["json_schema"]
  fallback     = [model.plain]
}

model "plain" {
  provider     = provider.simulated
  id           = "simulated-small"
  capabilities = ["streaming"]
}
`
  const { diagnostics } = compile(text)
  t.same(told(diagnostics), ['model/missing-capability "model.local"'])
  t.equal(diagnostics[0]?.where, 'in node "a" of workflow "x"')
  t.end()
})
