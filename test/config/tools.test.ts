import t from 'tap'
import { generatedBlock } from '../../src/config/generate/block.ts'
import { createAuthority } from '../support/certificates.ts'
import { compile, MODEL, told } from '../support/configuration.ts'

const tool = (...lines: readonly string[]) => `tool "x" {\n${lines.map(line => `  ${line.replaceAll('\n', '\n  ')}\n`).join('')}}\n`
const INPUT = 'input {\n  field "id" { type = string }\n}'
const http = (...lines: readonly string[]) => `http {\n${lines.map(line => `  ${line}\n`).join('')}}`

/** A tool with one mistake: what is underlined stands between « and ». */
function refuses(name: string, mistakes: readonly (readonly [what: string, code: string, ...lines: readonly string[]])[]): void {
  t.test(name, t => {
    for (const [what, code, ...lines] of mistakes) {
      const marked = tool(...lines)
      const { diagnostics } = compile(marked.replace(/[«»]/g, ''))
      t.same(told(diagnostics), [`${code} ${JSON.stringify(/«(.*?)»/s.exec(marked)?.[1])}`], what)
    }
    t.end()
  })
}

t.test('a tool over HTTP keeps its request as templates, and its secrets as names', t => {
  const { spec, block, diagnostics } = compile(`tool "refund" {
  description = "Refunds an order."
  input {
    field "order_id" { type = string }
    field "amount" { type = integer }
  }
  output { type = object({ refund_id = string }) }
  http {
    method  = "POST"
    url     = "https://api.shop.example/v1/orders/\${input.order_id}/refunds"
    query   = { dry = "no", amount = input.amount }
    headers = { Authorization = "Bearer \${secret("SHOP_TOKEN")}", X-Order = input.order_id }
    body    = { amount = input.amount }
    result  = { refund_id = response.body.id }
  }
  replay  = "idempotent"
  timeout = "20s"
}
`)
  t.same(told(diagnostics), [])
  t.match(spec('tool', 'refund'), {
    name: 'refund',
    http: {
      method: 'POST',
      url: { $template: 'https://api.shop.example/v1/orders/${input.order_id}/refunds' },
      query: { dry: 'no', amount: { $expr: 'input.amount' } },
      headers: { Authorization: { $join: ['Bearer ', { $secret: 'SHOP_TOKEN' }] }, 'X-Order': { $expr: 'input.order_id' } },
      body: { amount: { $expr: 'input.amount' } },
      result: { refund_id: { $expr: 'response.body.id' } },
      fail_when: { $expr: 'response.status >= 400' },
      allow_private: false,
      max_redirects: 0,
    },
    replay: 'idempotent',
    on_unknown: 'pause',
    timeout_ms: 20_000,
    retry: { max_attempts: 3, initial_ms: 500, max_ms: 20_000 },
    max_result_bytes: 64_000,
  })
  t.same(block('tool.refund').artifact.secrets, ['SHOP_TOKEN'])
  t.end()
})

t.test('a call that only reads may be repeated; any other may not, unless the tool says so', t => {
  const replay = (...lines: readonly string[]) => compile(tool(...lines)).spec('tool', 'x')
  t.match(replay(INPUT, http('url = "https://a.example/${input.id}"')), { replay: 'safe', retry: { max_attempts: 3 } })
  t.match(replay(INPUT, http('method = "POST"', 'url = "https://a.example/"')), { replay: 'once', retry: { max_attempts: 1 } })
  t.match(replay(INPUT, 'command { argv = ["python3", "a.py", input.id] }'), {
    replay: 'once',
    command: { argv: ['python3', 'a.py', { $expr: 'input.id' }] },
  })
  t.match(replay('mcp {\n  url  = "https://mcp.example/"\n  tool = "search"\n}', 'replay = "safe"'), {
    replay: 'safe',
    mcp: { tool: 'search' },
  })
  t.end()
})

t.test('a tool that runs a flow takes and gives what the flow does, but for what it binds', t => {
  const { spec, block, diagnostics } = compile(`${MODEL}
prompt "greet" {
  model = model.fast
  input {
    field "name" { type = string }
    field "language" { type = string }
  }
  user = "Greet \${input.name} in \${input.language}."
}

tool "greet" {
  flow = prompt.greet
  bind = { language = "German" }
}

workflow "w" {
  node "tool" "greet" {
    tool = tool.greet
    with = { name = "Ana" }
  }
  output { value = node.greet.output }
}
`)
  t.same(told(diagnostics), [])
  t.match(spec('tool', 'greet'), {
    flow: { $ref: 'prompt.greet' },
    input: { required: ['name', 'language'] },
    bind: { language: 'German' },
    replay: 'safe',
  })
  t.same(block('workflow.w').dependsOn, ['tool.greet'])
  t.end()
})

refuses('what a tool sends, and where, is known when planning', [
  ['a host of the input', 'tool/dynamic-host', INPUT, http('url = «"https://${input.id}/a"»')],
  ['a host that goes on', 'tool/dynamic-host', INPUT, http('url = «"https://api.example${input.id}"»')],
  ['a port of the input', 'tool/dynamic-host', INPUT, http('url = «"https://api.example:${input.id}/"»')],
  ['an address of the input', 'tool/dynamic-host', INPUT, http('url = «input.id»')],
  ['another protocol', 'config/wrong-type', INPUT, http('url = «"file:///etc/passwd"»')],
  ['an unknown input', 'config/unknown-input', INPUT, http('url = "https://a.example/${input.«idd»}"')],
  ['an answer before the call', 'config/deferred-not-allowed', INPUT, http('url = "https://a.example/${«response.status»}"')],
  ['an unknown part of the answer', 'config/unknown-attribute', INPUT, http('url = "https://a.example/"', 'result = response.«bdy»')],
  ['a secret in a body', 'config/secret-not-allowed', INPUT, http('url = "https://a.example/"', 'body = «{ key = secret("KEY") }»')],
  ['a shell', 'config/wrong-type', INPUT, 'command { argv = «"rm -rf ${input.id}"» }'],
])

t.test('a tool is one thing, and says what it takes', t => {
  const codes = (...lines: readonly string[]) => compile(tool(...lines)).diagnostics.map(({ code, summary }) => `${code} ${summary}`)
  t.same(codes(), ['config/missing-argument tool.x does nothing'])
  t.same(codes(INPUT, http('url = "https://a.example/"'), 'command { argv = ["a"] }'), [
    'config/conflicting-arguments "http" and "command" exclude each other',
  ])
  t.same(codes(http('url = "https://a.example/"')), ['config/missing-argument The block "input" is missing'])
  t.same(codes('mcp { tool = "a" }'), ['config/missing-argument The argument "url" is missing'])
  t.same(codes(INPUT, http('url = "https://ana:hunter2@a.example/"')), ['config/plain-secret The address in "url" holds credentials'])
  t.same(codes(INPUT, http('method = "POST"', 'url = "https://a.example/"'), 'retry { max_attempts = 2 }'), [
    'config/conflicting-arguments This tool may run only once, and has 2 attempts',
  ])
  t.same(codes(INPUT, http('url = "https://a.example/"'), 'bind = { ID = "a" }'), [
    'config/unknown-input The input of tool.x has no field "ID"',
  ])
  t.end()
})

t.test('ca_file: the certificates of a file are published, and nothing else of it', t => {
  const { cert } = createAuthority('own')
  const written = tool(INPUT, http('url     = "https://a.example/"', 'ca_file = "ca/own.pem"'))
  const compiled = (pem: string, text = written) => compile({ 'main.flow.hcl': text, 'ca/own.pem': pem })
  const first = compiled(`Our own.\n${cert}\nUntil 2121.\n`)
  t.same(told(first.diagnostics), [])
  t.match(first.spec('tool', 'x').http, { ca_pem: cert })
  const { artifact, digest } = first.block('tool.x')
  const again = compile(generatedBlock('tool.x', artifact))
  t.equal(again.block('tool.x').digest, digest, 'a generated block has the text in place of the file')
  const mistake = (pem: string, text = written) => compiled(pem, text).diagnostics.map(({ code, summary }) => `${code} ${summary}`)
  t.same(mistake('nothing'), ['config/wrong-type "ca/own.pem" holds no certificate'])
  t.same(mistake('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), [
    'config/wrong-type "ca/own.pem" holds what is no certificate',
  ])
  t.same(mistake(`${cert}-----BEGIN PRIVATE KEY-----\n`), ['config/plain-secret "ca/own.pem" holds a private key'])
  t.same(mistake(cert, written.replace('own.pem', 'onw.pem')), ['config/no-such-file There is no file "ca/onw.pem"'])
  t.same(mistake(cert, written.replace('ca/own.pem', '../own.pem')), ['config/outside-project "../own.pem" is outside of the project'])
  t.end()
})

t.test('an MCP server in a private network is one that the tool names so', t => {
  const mcp = (...lines: readonly string[]) =>
    `mcp {\n${['url  = "http://mcp.internal/"', 'tool = "search"', ...lines].map(line => `  ${line}\n`).join('')}}`
  const { spec, diagnostics } = compile(tool(mcp('allow_private = true')))
  t.same(told(diagnostics), [])
  t.match(spec('tool', 'x').mcp, { allow_private: true })
  t.match(compile(tool(mcp())).diagnostics, [{ code: 'config/insecure-url', summary: '"http://mcp.internal/" is not encrypted' }])
  const usual = compile(tool('mcp {\n  url  = "https://mcp.example/"\n  tool = "search"\n}')).spec('tool', 'x')
  t.notOk('allow_private' in (usual.mcp ?? {}), 'VER-3: what is not written makes no key')
  t.end()
})
