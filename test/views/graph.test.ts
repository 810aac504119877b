import fc from 'fast-check'
import t from 'tap'
import { type BlockGraph, type GraphNode, graph } from '../../src/operations/graph.ts'
import { graphDot, graphJson, graphMermaid } from '../../src/views/graph-drawing.ts'
import { graphText } from '../../src/views/graph-text.ts'
import { createStyle, plainStyle } from '../../src/views/style.ts'
import { hostIn, projectFolder } from '../support/configuration.ts'

const SUPPORT = `provider "simulated" {}

variable "size" { default = "small" }

model "fast" {
  provider   = provider.simulated
  id         = "simulated-\${var.size}"
  fallback   = [model.backup]
  depends_on = [model.other]
}

model "backup" {
  provider = provider.simulated
  id       = "simulated-large"
}

model "other" {
  provider = provider.simulated
  id       = "simulated-other"
}

prompt "answer" {
  tier {
    model       = model.fast
    escalate_on = ["refusal"]
  }
  tier { model = pin(model.backup, 2) }
  user = "Hello."
}

prompt "greet" {
  for_each = toset(["de", "en"])
  model    = model.fast
  user     = "Hello in \${each.key}."
}
`

function graphOf(text: string, address?: string): BlockGraph {
  const result = graph(hostIn(projectFolder(text)), { variables: [], ...(address === undefined ? {} : { address }) })
  if (result.outcome === 'found') return result.graph
  throw new Error(result.outcome === 'invalid' ? result.diagnostics.map(({ summary }) => summary).join() : result.graph.address)
}

t.test('a tree begins at what nothing refers to, and draws what stands twice once', t => {
  t.equal(
    graphText(graphOf(SUPPORT), plainStyle),
    `References of dev: 8 blocks, 10 references

prompt.answer
├─ model.fast  (tier)
│  ├─ provider.simulated
│  ├─ model.backup  (fallback)
│  │  └─ provider.simulated
│  ├─ model.other  (depends_on)
│  │  └─ provider.simulated
│  └─ var.size
└─ model.backup  (tier, pinned to 2, above)
prompt.greet["de"]
└─ model.fast  (above)
prompt.greet["en"]
└─ model.fast  (above)
`,
  )
  t.match(
    graphText(graphOf(SUPPORT, 'model.other'), createStyle({ colored: false, ascii: true, width: 80 })),
    `References of model.other in dev: 6 blocks, 5 references

prompt.answer
\`- model.fast  (tier)
   \`- model.other  (depends_on)
      \`- provider.simulated
prompt.greet["de"]
\`- model.fast  (above)
prompt.greet["en"]
\`- model.fast  (above)
`,
    'one block: what needs it and what it needs, in ASCII',
  )
  t.equal(graphText(graphOf('flowrun {}\n'), plainStyle), 'References of dev: 0 blocks, 0 references\n')
  t.throws(() => graphOf(SUPPORT, 'model.fst'), { message: /There is no model.fst in the configuration/ })
  t.end()
})

/** A graph of blocks in a row, each referring to the next. */
function chain(addresses: readonly string[]): BlockGraph {
  const nodes = addresses.map((address): GraphNode => ({ address, kind: 'model', change: { action: 'update', before: 1, after: 2 } }))
  const edges = addresses.slice(1).map((to, index) => ({ from: addresses[index] ?? '', to, via: 'fallback' }))
  return { environment: 'dev', isPlanned: true, nodes, edges }
}

/** The tokens of DOT: strings as they are read, and the other words. */
function dotTokens(text: string): readonly string[] {
  const token = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|([A-Za-z]+|->|[{}[\];=]))/y
  const tokens: string[] = []
  while (token.lastIndex < text.trimEnd().length) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (found === null) throw new Error(`not DOT: ${text.slice(from, from + 40)}`)
    tokens.push(found[1] === undefined ? (found[2] ?? '') : `"${found[1].replaceAll(/\\([\s\S])/g, '$1')}`)
  }
  return tokens
}

t.test('whatever stands in a key, DOT and Mermaid stay what they are', t => {
  const keys = fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { minLength: 2, maxLength: 4 })
  const hostile = ['"];}', '\\', '\\"', '--> n9', '<script>', '#34;', '"`**x**`"', '%%{init: {}}%%', 'end\n  n0 --> n1', '|"x"|']
  fc.assert(
    fc.property(fc.oneof(keys, fc.shuffledSubarray(hostile, { minLength: 2 })), all => {
      const addresses = [...new Set(all)].map(key => `prompt.greet[${JSON.stringify(key)}]`)
      const drawn = chain(addresses)
      const tokens = dotTokens(graphDot(drawn, 'tb'))
      for (const address of addresses) if (!tokens.includes(`"${address}`)) throw new Error(`${address} is no node`)
      if (tokens.filter(word => word === '->').length !== drawn.edges.length) throw new Error('edges')
      const lines = graphMermaid(drawn, 'lr').trimEnd().split('\n')
      const forms = [
        /^flowchart LR$/,
        /^ {2}n\d+\["[^"`<>\\|[\]{}()]*<br>[^"`<>\\|[\]{}()]*"\]:::change$/,
        /^ {2}n\d+ -->\|"fallback"\| n\d+$/,
        /^ {2}classDef \w+ /,
      ]
      for (const line of lines) if (!forms.some(form => form.test(line))) throw new Error(line)
    }),
  )
  t.pass()
  t.end()
})

t.test('a chain of 20,000 references is drawn', t => {
  const drawn = chain(Array.from({ length: 20_000 }, (_, index) => `model.m${index}`))
  // The tree of such a chain is as deep as it is long: only what has no depth is drawn here.
  t.match(graphDot(drawn, 'lr'), 'model.m19999')
  t.match(graphMermaid(drawn, 'lr'), 'n19999')
  t.equal(JSON.parse(graphJson(drawn)).edges.length, 19_999)
  t.match(graphText(chain(Array.from({ length: 2000 }, (_, index) => `model.m${index}`)), plainStyle), 'model.m1999')
  t.end()
})
