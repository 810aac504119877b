import t from 'tap'
import type { Closure } from '../../src/artifact/closure.ts'
import { runPrompt } from '../../src/engine/prompt/prompt-run.ts'
import type { CallEvent } from '../../src/gateway/call.ts'
import { compile } from '../support/configuration.ts'
import { gatewayDependencies, promptDependencies } from '../support/gateway.ts'
import { startVendorServers } from '../support/vendor-servers.ts'

const ANSWER = { answer: 'On 3 March.', pages: [4, 7] }

const vendors = await startVendorServers()
const dependencies = gatewayDependencies({ VENDOR_KEY: 'sk-swap-0123456789' })
t.teardown(async () => {
  await dependencies.http.close()
  await Promise.all(vendors.map(({ server }) => server.close()))
})
for (const { server } of vendors) server.script({ text: ['{"answer":"On 3 March.",', '"pages":[4,7]}'] })

const types = [...vendors.map(({ type }) => type), 'simulated']

/** The same configuration for every type, but for one line. */
const textOf = (type: string) => `${vendors.map(({ block }) => block).join('\n')}
provider "simulated" {
  answer { json = { answer = "On 3 March.", pages = [4, 7] } }
}

model "main" {
  provider     = provider.${type}
  id           = "our-model"
  capabilities = ["files", "images", "json_schema", "streaming", "system"]
}

prompt "due" {
  model = model.main
  input {
    field "invoice" { type = string }
  }
  system = "Be short."
  user   = "When is \${input.invoice} due?"
  output {
    type = object({ answer = string, pages = list(integer) })
  }
}
`

function closureOf(type: string): Closure {
  const { configuration, diagnostics } = compile(textOf(type))
  t.same(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
    type,
  )
  const members = (configuration?.blocks ?? []).map(({ address, artifact, digest }) => [address, { artifact, digest }] as const)
  return { address: 'prompt.due', members: new Map(members) }
}

t.test('the provider of a prompt is one line: for every ordered pair the same prompt gives the same answer', async t => {
  const outcomes = new Map<string, { readonly output: unknown; readonly streamed: unknown; readonly digest: string | undefined }>()
  for (const type of types) {
    const closure = closureOf(type)
    const request = { environment: 'dev', closure, input: { invoice: 'A-17' } }
    const events: CallEvent[] = []
    const { output } = await runPrompt(request, promptDependencies(dependencies))
    const streamed = await runPrompt({ ...request, onEvent: event => events.push(event) }, promptDependencies(dependencies))
    t.ok(events.length > 1, `${type} streams`)
    outcomes.set(type, { output, streamed: streamed.output, digest: closure.members.get('prompt.due')?.digest })
  }
  let pairs = 0
  for (const from of types) {
    for (const to of types.filter(type => type !== from)) {
      const before = textOf(from).split('\n')
      const after = textOf(to).split('\n')
      t.same(
        after.filter((line, index) => line !== before[index]),
        [`  provider     = provider.${to}`],
        `${from} to ${to}`,
      )
      t.same(outcomes.get(to), { ...outcomes.get(from), output: ANSWER, streamed: ANSWER })
      pairs++
    }
  }
  t.equal(pairs, types.length * (types.length - 1))
})

t.test('every vendor was asked for the same question', t => {
  for (const { type, server } of vendors) {
    t.equal(server.requests.length, 2, type)
    for (const { body } of server.requests) t.match(JSON.stringify(body), /When is A-17 due\?/, type)
  }
  t.end()
})
