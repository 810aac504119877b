import t from 'tap'
import { diffArtifacts } from '../../src/plan/artifact-diff.ts'
import { compile, MODEL } from '../support/configuration.ts'

const artifact = (body: string) =>
  compile(`${MODEL}
prompt "answer" {
  model = model.fast
  input {
    field "text" { type = string }
  }
  user = input.text
}

workflow "x" {
  input {
    field "text" { type = string }
  }
${body}
}
`).block('workflow.x').artifact

const ROUTER = `node "router" "topic" {
  default = "general"
  route "billing" { when = can(regex("invoice", input.text)) }
}`
const MAP = `node "map" "parts" {
  items = split(",", input.text)
  node "model" "part" {
    prompt = prompt.answer
    with   = { text = item.value }
  }
  output { value = node.part.text }
}`
const same = (value: string) => `node "transform" "same" { value = ${value} }`
const output = (value: string) => `output { value = ${value} }`

/** As lines of a plan say it. */
function differences(before: string, after: string): readonly string[] {
  const { values } = diffArtifacts(artifact(before), artifact(after))
  return values.map(({ path, before: old, after: now }) => `${path}: ${JSON.stringify(old)} → ${JSON.stringify(now)}`)
}

t.test('a plan names the nodes that come, go and change, wherever they stand', t => {
  t.same(differences(`${same('input.text')}\n${output('node.same.output')}`, `${MAP}\n${output('node.parts.output')}`), [
    'output.value: {"$expr":"node.same.output"} → {"$expr":"node.parts.output"}',
    'output: "string" → "list(string)"',
    'node.parts: undefined → "map of part"',
    'node.part: undefined → "model prompt.answer"',
    'node.same: "transform" → undefined',
  ])
  t.same(
    differences(
      `${MAP}\n${output('node.parts.output')}`,
      `${MAP.replace('item.value', 'upper(item.value)')}\n${output('node.parts.output')}`,
    ),
    ['node.part.with.text: {"$expr":"item.value"} → {"$expr":"upper(item.value)"}'],
  )
  t.end()
})

t.test('routes and ways have their names', t => {
  const way = (exit: string) => `node "transform" "same" {\n  on = [exit.topic.${exit}]\n  value = input.text\n}`
  t.same(
    differences(
      `${ROUTER}\n${way('billing')}\n${output('node.same.output')}`,
      `${ROUTER.replace('invoice', 'bill')}\n${way('general')}\n${output('node.same.output')}`,
    ),
    [
      'node.topic.route.billing.when: {"$expr":"can(regex(\\"invoice\\", input.text))"} → {"$expr":"can(regex(\\"bill\\", input.text))"}',
      'node.same.on: ["exit.topic.billing"] → ["exit.topic.general"]',
    ],
  )
  t.end()
})

t.test('another type of node under a name, and another order, are said too', t => {
  const wait = 'node "wait" "calm" { duration = "1s" }'
  t.same(
    differences(
      `${wait}\n${same('input.text')}`.concat('\n', output('node.same.output')),
      `${same('input.text')}\n${wait}\n${output('node.same.output')}`,
    ),
    ['order of nodes: ["calm","same"] → ["same","calm"]'],
  )
  t.same(
    differences(
      `${same('input.text')}\n${output('node.same.output')}`,
      `${MAP.replace('"parts"', '"same"')}\n${output('node.same.output')}`,
    ).filter(line => line.startsWith('node.same')),
    ['node.same: "transform" → "map of part"'],
  )
  t.end()
})
