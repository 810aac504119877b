import t from 'tap'
import { workflowGraph } from '../../src/operations/workflow-graph.ts'
import { createStyle } from '../../src/views/style.ts'
import { workflowDot, workflowJson, workflowMermaid } from '../../src/views/workflow-drawing.ts'
import { workflowText } from '../../src/views/workflow-text.ts'
import { compile } from '../support/configuration.ts'

const graph = (body: string) => {
  const { spec } = compile(`workflow "x" {\n  timeout = "2d"\n  input {\n    field "text" { type = string }\n  }\n${body}\n}\n`)
  return workflowGraph('dev', 'workflow.x', spec('workflow', 'x'))
}
const node = (name: string, value: string, ...lines: readonly string[]) =>
  `node "transform" "${name}" {\n${[...lines, `value = ${value}`].map(line => `  ${line}\n`).join('')}}`

t.test('a way that others imply is kept, and not drawn', t => {
  const { edges } = graph(
    `${node('a', 'input.text')}\n${node('b', 'node.a.output')}\n${node('c', '"${node.a.output}${node.b.output}"')}\noutput { value = node.c.output }`,
  )
  t.same(
    edges.map(({ from, to, isImplied }) => `${from} ${to} ${isImplied}`),
    ['a b false', 'a c true', 'b c false'],
  )
  t.end()
})

t.test('bodies, exits with conditions, orders and meetings have lines of their own', t => {
  const shown = graph(`
node "approval" "go" {
  title      = "Go?"
  body       = input.text
  assignees  = ["role:lead"]
  timeout    = "1d"
  on_timeout = "reject"
}
${node('yes', '1', 'on = [exit.go.approve]')}
${node('no', '2')}
edge {
  from = exit.go.reject
  to   = node.no
  when = input.text != ""
}
node "loop" "again" {
  state          = { n = 0 }
  max_iterations = 3
  ${node('more', 'loop.state.n + 1')}
  next  = { n = node.more.output }
  until = loop.state.n > 2
}
${node('end', 'coalesce(node.yes.output, node.no.output)', 'after = [node.again]')}
output { value = node.end.output }
`)
  const style = createStyle({ colored: false, ascii: true, width: 80 })
  t.equal(
    workflowText(shown, style),
    `workflow.x in dev: 6 nodes

go  (approval)
|- approve -> yes  (transform)
|  \`- end  (transform)
\`- reject? -> no  (transform)
   \`- end  (above)
again  (loop)
|- each: more  (transform)
\`- then: end  (above)
`,
  )
  t.match(workflowMermaid(shown, 'tb'), /n0 -->\|"reject#63;"\| n2/)
  t.match(workflowDot(shown, 'lr'), '"again" -> "end" [style="dashed"];')
  t.match(JSON.parse(workflowJson(shown)), {
    workflow: 'workflow.x',
    nodes: [{ name: 'go' }, {}, {}, {}, { name: 'more', within: 'again' }, {}],
  })
  t.end()
})
