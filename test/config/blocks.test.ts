import t from 'tap'
import { compile, MODEL, type ProjectText, prompt, told } from '../support/configuration.ts'

/** A configuration with one mistake: what is underlined stands between « and ». */
type Mistake = readonly [what: string, code: string, text: string]

function refuses(name: string, mistakes: readonly Mistake[]): void {
  t.test(name, t => {
    for (const [what, code, marked] of mistakes) {
      const { diagnostics } = compile(marked.replace(/[«»]/g, ''))
      const underlined = /«(.*?)»/s.exec(marked)?.[1]
      t.same(told(diagnostics), [underlined === undefined ? code : `${code} ${JSON.stringify(underlined)}`], what)
    }
    t.end()
  })
}

/** Configurations that compile, and give no warning. */
function accepts(name: string, texts: Readonly<Record<string, ProjectText>>): void {
  t.test(name, t => {
    for (const [what, text] of Object.entries(texts)) t.same(told(compile(text).diagnostics), [], what)
    t.end()
  })
}

const model = (...lines: readonly string[]) => `provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
${lines.map(line => `  ${line}\n`).join('')}}
`
const HELLO = 'user = "Hello."'

t.test('flowrun: what a project without settings is called, and where it goes', t => {
  const plain = compile({ 'main.flow.hcl': 'provider "simulated" {}\n' })
  t.match(plain.configuration, { project: 'project', environment: { name: 'dev', protected: false, target: { type: 'embedded' } } })
  const named = compile(
    'flowrun {\n  project             = "support"\n  required_version    = ">= 0.1, < 900"\n  default_environment = "prod"\n  description         = "x"\n}\nenvironment "dev" {}\nenvironment "prod" { protected = true }\n',
  )
  t.match(named.configuration, { project: 'support', environment: { name: 'prod', protected: true } })
  t.equal(compile('environment "stage" {}\n').configuration?.environment.name, 'stage', 'the only one')
  t.equal(compile('environment "dev" {}\nenvironment "prod" {}\n').configuration?.environment.name, 'dev')
  t.end()
})

refuses('flowrun and environment: what they do not take', [
  ['project', 'config/bad-name', 'flowrun { project = «"Support"» }\n'],
  ['constraint', 'config/bad-constraint', 'flowrun {\n  «required_version = "soon"»\n}\n'],
  ['version', 'config/version-not-met', 'flowrun {\n  «required_version = "~> 900.1"»\n}\n'],
  ['argument', 'config/unsupported-argument', 'flowrun { «projct» = "x" }\n'],
  ['label', 'config/wrong-labels', '«flowrun "x"» {}\n'],
  ['two', 'config/too-many-blocks', 'flowrun {}\n«flowrun» {}\n'],
  ['default_environment', 'config/unknown-environment', 'flowrun { default_environment = «"production"» }\nenvironment "prod" {}\n'],
  ['a name of an environment', 'config/bad-name', 'environment «"Prod"» {}\n'],
  ['two environments', 'config/duplicate-block', 'environment "dev" {}\n«environment "dev"» {}\n'],
  ['a variable in settings', 'config/not-in-scope', 'flowrun { project = «var.x» }\n'],
  ['a block in settings', 'config/not-in-scope', 'provider "simulated" {}\nflowrun { project = «provider.simulated.name» }\n'],
  ['a target', 'config/not-one-of', 'environment "dev" {\n  target «"cloud"» {}\n}\n'],
  ['a state', 'config/not-one-of', 'environment "dev" {\n  state «"consul"» {}\n}\n'],
  ['keep', 'config/out-of-range', 'environment "dev" {\n  state "sqlite" { keep = «0» }\n}\n'],
  ['two targets', 'config/too-many-blocks', 'environment "dev" {\n  target "embedded" {}\n  «target "embedded"» {}\n}\n'],
  ['secrets without a path', 'config/missing-argument', 'environment "dev" {\n  «secrets "file"» {}\n}\n'],
  ['variables as a list', 'config/wrong-type', 'environment "dev" { variables = «["x"]» }\n'],
  ['an unknown variable', 'config/unknown-variable', 'environment "dev" {\n  variables = { tier = «"x"» }\n}\n'],
  ['protected', 'config/wrong-type', 'environment "dev" { protected = «"maybe"» }\n'],
])

accepts('settings may use literals, locals of them, env() and path', {
  local: 'locals { name = "support" }\nflowrun { project = "${local.name}-eu" }\n',
  path: 'flowrun { project = path.root == "" ? "a" : "b" }\n',
  'local in variables':
    'locals { tier = "large" }\nenvironment "dev" {\n  variables = { tier = local.tier }\n}\nvariable "tier" {}\noutput "tier" { value = var.tier }\n',
})

t.test('provider: the type is the label, and unset arguments have no key', t => {
  const { spec } = compile('provider "openai" {}\n')
  t.same(spec('provider', 'openai'), {
    type: 'openai',
    allow_private: false,
    headers: {},
    connect_timeout_ms: 10_000,
    rate_limit: { max_concurrency: 64 },
  })
  const full = compile(`provider "local" {
  type            = "openai_compatible"
  description     = "ours"
  labels          = { team = "support" }
  base_url        = "http://127.0.0.1:11434/v1"
  allow_private   = true
  headers         = { "X-Team" = "support", Authorization = "Bearer \${secret("CRM")}" }
  connect_timeout = "1m30s"
  rate_limit {
    requests_per_minute = 500
    tokens_per_minute   = 200000
    max_concurrency     = 16
  }
}
`)
  t.same(full.spec('provider', 'local'), {
    type: 'openai_compatible',
    description: 'ours',
    labels: { team: 'support' },
    base_url: 'http://127.0.0.1:11434/v1',
    allow_private: true,
    headers: { 'X-Team': 'support', Authorization: { $join: ['Bearer ', { $secret: 'CRM' }] } },
    connect_timeout_ms: 90_000,
    rate_limit: { requests_per_minute: 500, tokens_per_minute: 200_000, max_concurrency: 16 },
  })
  t.same(full.block('provider.local').artifact.secrets, ['CRM'])
  t.same(compile('provider "openai" { api_key = secret("KEY") }\n').spec('provider', 'openai').api_key, { $secret: 'KEY' })
  t.end()
})

t.test('provider: a simulated one has answers and faults in source order', t => {
  const { spec } = compile(`provider "simulated" {
  latency = "20ms"
  seed    = 7
  answer {
    when = strcontains(lower(request.text), "invoice")
    json = { topic = "billing", confidence = 0.95 }
  }
  answer {
    text              = "I am \${request.model}."
    latency           = "1s"
    tokens_per_second = 50
    finish_reason     = "length"
  }
  answer {
    tool_call {
      name      = "lookup"
      arguments = { order = request.input }
    }
  }
  fault {
    error       = "overloaded"
    rate        = 0.05
    first       = 2
    retry_after = "2s"
  }
}
`)
  t.same(spec('provider', 'simulated').simulation, {
    latency_ms: 20,
    seed: 7,
    answers: [
      {
        when: { $expr: 'strcontains(lower(request.text), "invoice")' },
        json: { topic: 'billing', confidence: 0.95 },
        finish_reason: 'stop',
      },
      { when: true, text: { $template: 'I am ${request.model}.' }, finish_reason: 'length', tokens_per_second: 50, latency_ms: 1000 },
      { when: true, finish_reason: 'stop', tool_calls: [{ name: 'lookup', arguments: { order: { $expr: 'request.input' } } }] },
    ],
    faults: [{ error: 'overloaded', rate: 0.05, first: 2, when: true, retry_after_ms: 2000 }],
  })
  t.end()
})

t.test('provider: each type is known, and its own arguments have keys only where they are set', t => {
  const { spec, diagnostics } = compile(`
provider "google" {}
provider "mistral" {}
provider "openai" { api = "responses" }
provider "amazon_bedrock" { region = "eu-central-1" }
provider "azure" {
  base_url    = "https://acme.openai.azure.com"
  api_version = "2025-04-01-preview"
}
`)
  t.same(diagnostics, [])
  t.same(Object.keys(spec('provider', 'google')), Object.keys(spec('provider', 'mistral')))
  t.notOk(['api', 'region', 'api_version'].some(name => name in spec('provider', 'google')))
  t.match(spec('provider', 'openai'), { type: 'openai', api: 'responses' })
  t.match(spec('provider', 'amazon_bedrock'), { type: 'amazon_bedrock', region: 'eu-central-1' })
  t.match(spec('provider', 'azure'), { type: 'azure', api_version: '2025-04-01-preview' })
  t.end()
})

refuses('provider: what it does not take', [
  ['type', 'config/unknown-provider-type', 'provider «"opnai"» {}\n'],
  ['type in its argument', 'config/unknown-provider-type', 'provider "x" { type = «"opnai"» }\n'],
  // What stands there is shown to nobody: the underlined text is the word that stands for it.
  ['a plain key', 'config/plain-secret', 'provider "openai" { api_key = «"(a plain key)"» }\n'],
  ['a key that is computed with', 'config/secret-not-allowed', 'provider "openai" { api_key = «upper(secret("K"))» }\n'],
  ['a secret elsewhere', 'config/secret-not-allowed', 'provider "openai" { organization = «secret("ORG")» }\n'],
  ['a bad name of a secret', 'hcl/function-failed', 'provider "openai" { api_key = secret(«"a b"») }\n'],
  ['http', 'config/insecure-url', 'provider "openai" { base_url = «"http://api.example.com"» }\n'],
  ['no URL', 'config/insecure-url', 'provider "openai" { base_url = «"here"» }\n'],
  ['no base_url', 'config/missing-argument', '«provider "openai_compatible"» {}\n'],
  ['two keys', 'config/conflicting-arguments', 'provider "openai" {\n  api_key = secret("K")\n  headers = «{ authorization = "x" }»\n}\n'],
  ['headers as text', 'config/wrong-type', 'provider "openai" { headers = «"x"» }\n'],
  ['connect_timeout', 'config/bad-duration', 'provider "openai" { connect_timeout = «10» }\n'],
  ['a longer connect_timeout than a year', 'config/bad-duration', 'provider "openai" { connect_timeout = «"367d"» }\n'],
  ['rising units', 'config/bad-duration', 'provider "openai" { connect_timeout = «"1s1m"» }\n'],
  ['rate_limit', 'config/out-of-range', 'provider "openai" {\n  rate_limit { max_concurrency = «0» }\n}\n'],
  ['half a call', 'config/out-of-range', 'provider "openai" {\n  rate_limit { max_concurrency = «1.5» }\n}\n'],
  ['organization', 'config/unsupported-argument', 'provider "anthropic" { «organization» = "x" }\n'],
  ['region', 'config/unsupported-argument', 'provider "openai" { «region» = "eu-central-1" }\n'],
  ['api_version', 'config/unsupported-argument', 'provider "openai" { «api_version» = "2025-04-01-preview" }\n'],
  ['api', 'config/unsupported-argument', 'provider "google" { «api» = "responses" }\n'],
  ['a kind of api', 'config/not-one-of', 'provider "openai" { api = «"assistants"» }\n'],
  ['a region', 'config/bad-name', 'provider "amazon_bedrock" { region = «"eu-central-1.example.com/"» }\n'],
  ['no region', 'config/missing-argument', '«provider "amazon_bedrock"» {}\n'],
  ['no base_url of Azure', 'config/missing-argument', '«provider "azure"» {}\n'],
  [
    'a version of the responses API',
    'config/conflicting-arguments',
    'provider "azure" {\n  base_url    = "https://acme.openai.azure.com"\n  api         = "responses"\n  api_version = «"2025-04-01-preview"»\n}\n',
  ],
  ['latency', 'config/unsupported-argument', 'provider "openai" { «latency» = "1s" }\n'],
  ['answer', 'config/unsupported-block', 'provider "openai" {\n  «answer» { text = "x" }\n}\n'],
  ['an answer that says nothing', 'config/missing-argument', 'provider "simulated" {\n  «answer» {}\n}\n'],
  [
    'an answer that says two things',
    'config/conflicting-arguments',
    'provider "simulated" {\n  «answer» {\n    text = "x"\n    json = 1\n  }\n}\n',
  ],
  ['a fault without a kind', 'config/missing-argument', 'provider "simulated" {\n  «fault» {}\n}\n'],
  ['a kind of fault', 'config/not-one-of', 'provider "simulated" {\n  fault { error = «"boom"» }\n}\n'],
  ['rate', 'config/out-of-range', 'provider "simulated" {\n  fault {\n    error = "stall"\n    rate  = «2»\n  }\n}\n'],
  ['a word of the request', 'config/unknown-attribute', 'provider "simulated" {\n  answer { text = request.«txt» }\n}\n'],
  ['labels', 'config/out-of-range', `provider "openai" { labels = «{ team = "${'x'.repeat(65)}" }» }\n`],
  ['many labels', 'config/out-of-range', 'provider "openai" { labels = «{ for n in range(17) : "l${n}" => "x" }» }\n'],
  ['a name', 'config/bad-name', 'provider «"Open AI"» { type = "openai" }\n'],
])

t.test('model: what the block leaves out comes from the catalogue, and the artifact says so', t => {
  const { spec, diagnostics } = compile(
    'provider "openai" {}\nmodel "fast" {\n  provider = provider.openai\n  id       = "gpt-4o-mini"\n}\n',
  )
  t.same(diagnostics, [])
  const fast = spec('model', 'fast')
  t.match(fast, { id: 'gpt-4o-mini', kind: 'chat', fallback: [], timeout_ms: 60_000, first_token_timeout_ms: 30_000 })
  t.match(fast.sources, { capabilities: /^catalogue \d{4}-\d\d$/, limits: /^catalogue/, price: /^catalogue/ })
  t.same(fast.retry, {
    max_attempts: 3,
    initial_ms: 500,
    max_ms: 20_000,
    on: ['network', 'overloaded', 'rate_limited', 'server_error', 'timeout'],
  })
  t.same(fast.circuit_breaker, { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 20, cooldown_ms: 15_000 })
  t.same(fast.limits, { context_window: 128_000, max_output_tokens: 16_384, reserved_tokens: 0 })
  t.notOk('params' in fast || 'rate_limit' in fast || 'provider_options' in fast || 'description' in fast, 'unset has no key')
  t.end()
})

t.test('model: every argument', t => {
  const { spec, diagnostics } = compile(`provider "local" {
  type     = "openai_compatible"
  base_url = "http://localhost:1/v1"
}

model "large" {
  provider            = provider.local
  id                  = "anything"
  description         = "ours"
  labels              = { team = "a" }
  kind                = "embedding"
  dimensions          = 1536
  capabilities        = ["system", "streaming", "system"]
  timeout             = "90s"
  first_token_timeout = "5s"
  provider_options    = { logit_bias = { "50256" = -100 } }
  fallback            = [model.small]
  limits {
    context_window    = 8192
    max_output_tokens = 1024
    reserved_tokens   = 100
  }
  price {
    per                = "1K"
    input              = "$0.01"
    above_input_tokens = 1000
  }
  price {
    input        = "$2.50"
    cached_input = "$1.25"
    output       = "$1,000"
    request      = "$0.000000001"
  }
  params {
    temperature       = 0.2
    top_p             = 1
    top_k             = 40
    max_output_tokens = 10
    stop              = ["a", "b"]
    seed              = -1
    frequency_penalty = -2
    presence_penalty  = 2
    reasoning_effort  = "low"
  }
  retry {
    max_attempts = 10
    initial      = "1ms"
    max          = "1h"
    on           = ["timeout", "network"]
  }
  circuit_breaker {
    enabled      = false
    failure_rate = 1
    window       = "1m"
    min_calls    = 1
    cooldown     = "2s"
  }
  rate_limit { max_concurrency = 2 }
}

model "small" {
  provider = provider.local
  id       = "small"
}
`)
  const ignored = ['40', '-1', '\\"low\\"'].map(value => `model/ignored-param "${value}"`)
  t.same(told(diagnostics), ignored, 'what such a model does without is told')
  t.same(spec('model', 'large'), {
    provider: { $ref: 'provider.local' },
    id: 'anything',
    description: 'ours',
    labels: { team: 'a' },
    kind: 'embedding',
    dimensions: 1536,
    capabilities: ['streaming', 'system'],
    limits: { context_window: 8192, max_output_tokens: 1024, reserved_tokens: 100 },
    price: [
      {
        above_input_tokens: 0,
        input_nano_per_m: 2_500_000_000,
        output_nano_per_m: 1_000_000_000_000,
        cached_input_nano_per_m: 1_250_000_000,
        request_nano: 1,
      },
      { above_input_tokens: 1000, input_nano_per_m: 10_000_000_000 },
    ],
    fallback: [{ $ref: 'model.small' }],
    timeout_ms: 90_000,
    first_token_timeout_ms: 5000,
    params: {
      temperature: 0.2,
      top_p: 1,
      top_k: 40,
      max_output_tokens: 10,
      stop: ['a', 'b'],
      seed: -1,
      frequency_penalty: -2,
      presence_penalty: 2,
      reasoning_effort: 'low',
    },
    provider_options: { logit_bias: { '50256': -100 } },
    retry: { max_attempts: 10, initial_ms: 1, max_ms: 3_600_000, on: ['network', 'timeout'] },
    circuit_breaker: { enabled: false, failure_rate: 1, window_ms: 60_000, min_calls: 1, cooldown_ms: 2000 },
    rate_limit: { max_concurrency: 2 },
    sources: { capabilities: 'block', limits: 'block', price: 'block' },
  })
  t.match(
    spec('model', 'small'),
    { capabilities: ['streaming', 'system'], price: [], sources: { price: 'default' } },
    'an unknown price is unknown',
  )
  t.end()
})

refuses('model: what it does not take', [
  ['no provider', 'config/missing-argument', '«model "x"» { id = "y" }\n'],
  ['no id', 'config/missing-argument', 'provider "simulated" {}\n«model "x"» { provider = provider.simulated }\n'],
  ['a null id', 'config/missing-argument', 'provider "simulated" {}\nmodel "x" {\n  provider = provider.simulated\n  id = «null»\n}\n'],
  ['a text for a provider', 'config/wrong-reference', 'model "x" {\n  provider = «"openai"»\n  id       = "y"\n}\n'],
  ['another kind for a provider', 'config/wrong-reference', `${MODEL}model "x" {\n  provider = «model.fast»\n  id       = "y"\n}\n`],
  ['kind', 'config/not-one-of', model('kind = «"chta"»')],
  ['dimensions', 'config/out-of-range', model('dimensions = «0»')],
  ['capabilities', 'config/not-one-of', model('capabilities = «["vision"]»')],
  ['context_window', 'config/out-of-range', model('limits { context_window = «0» }')],
  ['output beyond the window', 'config/out-of-range', model('limits {\n    context_window    = 100\n    max_output_tokens = «200»\n  }')],
  ['a price without a dollar', 'config/bad-money', model('price { input = «"2.50"» }')],
  ['ten decimals', 'config/bad-money', model('price { input = «"$0.0000000001"» }')],
  ['per', 'config/not-one-of', model('price { per = «"1G"» }')],
  ['two prices of one threshold', 'config/conflicting-arguments', model('price { input = "$1" }', '«price» { input = "$2" }')],
  ['timeout', 'config/bad-duration', model('timeout = «"soon"»')],
  ['max_attempts', 'config/out-of-range', model('retry { max_attempts = «11» }')],
  ['retry.on', 'config/not-one-of', model('retry { on = «["bad_request"]» }')],
  ['failure_rate', 'config/out-of-range', model('circuit_breaker { failure_rate = «1.1» }')],
  ['temperature', 'config/out-of-range', model('params { temperature = «2.1» }')],
  ['top_p', 'config/out-of-range', model('params { top_p = «-1» }')],
  ['five stops', 'config/out-of-range', model('params { stop = «["a", "b", "c", "d", "e"]» }')],
  ['reasoning_effort', 'config/not-one-of', model('params { reasoning_effort = «"max"» }')],
  ['options as a list', 'config/wrong-type', model('provider_options = «[1]»')],
  ['an option of ours', 'config/conflicting-arguments', model('provider_options = «{ temperature = 1 }»')],
  ['two retry blocks', 'config/too-many-blocks', model('retry {}', '«retry» {}')],
  ['a block as an argument', 'config/unsupported-argument', model('«retry» = 3')],
  ['an argument as a block', 'config/unsupported-block', model('«timeout» {}')],
  ['itself as a fallback', 'config/cycle', model('fallback = [«model.fast»]')],
])

t.test('model: warnings', t => {
  const known = compile('provider "openai" {}\nmodel "m" {\n  provider = provider.openai\n  id       = "gpt-4o-minni"\n}\n')
  t.same(told(known.diagnostics), ['model/unknown-id "\\"gpt-4o-minni\\""'])
  t.same(known.diagnostics[0]?.suggestions, ['gpt-4o-mini'])
  t.match(known.spec('model', 'm').sources, { price: 'default' })
  t.end()
})

t.test('prompt: every argument', t => {
  const { spec, diagnostics, block } = compile({
    'main.flow.hcl': `provider "openai" {}

model "fast" {
  provider = provider.openai
  id       = "gpt-4o-mini"
}

prompt "extract" {
  description = "Reads one page."
  labels      = { team = "a" }
  input {
    field "page" {
      type      = file
      accept    = ["image/png"]
      max_bytes = "1MB"
    }
    field "history" {
      type    = list(message)
      default = []
    }
    field "count" {
      type        = integer
      description = "how many"
      min         = 1
      max         = 5
      examples    = [1, 2]
    }
    field "code" {
      type      = optional(string, "AB")
      pattern   = "[A-Z]+"
      sensitive = true
    }
    validation {
      condition     = input.count < 5
      error_message = "count is \${input.count}."
    }
  }
  system  = template("prompts/extract.md")
  history = input.history
  message "assistant" { text = "Ready." }
  message "user" {
    text        = "Read \${input.count} of \${input.code}."
    attachments = [input.page]
  }
  output {
    field "total" { type = optional(number) }
    field "lines" {
      type = list(object({ text = string, amount = describe(number, "gross") }))
    }
    validation {
      condition     = output.total == null || length(output.lines) > 0
      error_message = "No lines."
    }
  }
  tier {
    model         = model.fast
    escalate_on   = ["truncated", "output_invalid"]
    escalate_when = length(output.lines) == 0
  }
  tier { model = model.fast }
  params { temperature = 0 }
  repair       = 2
  on_truncated = "keep"
  max_cost     = "$0.25"
  cache {
    ttl   = "24h"
    scope = "environment"
  }
}
`,
    'prompts/extract.md': 'You read pages.\n',
  })
  t.same(told(diagnostics), [])
  t.same(spec('prompt', 'extract'), {
    description: 'Reads one page.',
    labels: { team: 'a' },
    tiers: [
      {
        model: { $ref: 'model.fast' },
        escalate_on: ['output_invalid', 'truncated'],
        escalate_when: { $expr: 'length(output.lines) == 0' },
      },
      { model: { $ref: 'model.fast' } },
    ],
    input: {
      type: 'object',
      additionalProperties: false,
      required: ['page', 'count'],
      'x-order': ['page', 'history', 'count', 'code'],
      properties: {
        page: {
          type: 'object',
          additionalProperties: false,
          required: ['media_type'],
          'x-order': ['media_type', 'name', 'data', 'url'],
          properties: { media_type: { type: 'string' }, name: { type: 'string' }, data: { type: 'string' }, url: { type: 'string' } },
          'x-accept': ['image/png'],
          'x-max-bytes': 1_000_000,
        },
        history: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['role', 'text'],
            'x-order': ['role', 'text'],
            properties: { role: { type: 'string', enum: ['user', 'assistant'] }, text: { type: 'string' } },
          },
          default: [],
        },
        count: { type: 'integer', description: 'how many', minimum: 1, maximum: 5, examples: [1, 2] },
        code: { type: 'string', default: 'AB', pattern: '^(?:[A-Z]+)$', 'x-sensitive': true },
      },
    },
    input_validation: [{ condition: { $expr: 'input.count < 5' }, error_message: { $template: 'count is ${input.count}.' } }],
    messages: [
      { role: 'system', text: 'You read pages.\n' },
      { role: 'assistant', text: 'Ready.' },
      { role: 'user', text: { $template: 'Read ${input.count} of ${input.code}.' }, attachments: [{ $expr: 'input.page' }] },
    ],
    history: { $expr: 'input.history' },
    output: {
      type: 'object',
      additionalProperties: false,
      required: ['lines'],
      'x-order': ['total', 'lines'],
      properties: {
        total: { type: 'number' },
        lines: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['text', 'amount'],
            'x-order': ['text', 'amount'],
            properties: { text: { type: 'string' }, amount: { type: 'number', description: 'gross' } },
          },
        },
      },
    },
    output_validation: [{ condition: { $expr: 'output.total == null || length(output.lines) > 0' }, error_message: 'No lines.' }],
    params: { temperature: 0 },
    repair: 2,
    on_truncated: 'keep',
    max_cost_nano: 250_000_000,
    cache: { ttl_ms: 86_400_000, scope: 'environment' },
  })
  t.same(block('prompt.extract').textFiles, { system: 'prompts/extract.md' })
  t.end()
})

accepts('prompt: the ways to declare input and output', {
  'a type': prompt('input { type = object({ q = string }) }', 'user = input.q', 'output { type = list(string) }'),
  'a schema': prompt(
    'input { schema = { type = "object", properties = { q = { type = "string" } }, required = ["q"] } }',
    'user = input.q',
  ),
  'a default of null': prompt(
    'input {\n  field "q" {\n    type    = string\n    default = null\n  }\n}',
    'user = coalesce(input.q, "nothing")',
  ),
  'an output of any type': prompt(
    HELLO,
    'output {\n  type = any\n  validation {\n    condition     = length(output.lines) > 0\n    error_message = "No lines."\n  }\n}',
  ),
  'an input that is taken whole': prompt('input {\n  field "q" { type = string }\n}', 'user = jsonencode(input)'),
})

t.test('prompt: what is looked up in an input of any type is known when it runs', t => {
  const declarations = ['input { type = any }', 'input { schema = {} }']
  const messages = {
    'user = input.question': { $expr: 'input.question' },
    'user = jsonencode(input)': { $expr: 'jsonencode(input)' },
    'user = "${input.a.b[0]} ${input["c d"]}"': { $template: '${input.a.b[0]} ${input["c d"]}' },
    'user = "%{for m in input.m}${m.x}%{endfor}"': { $template: '%{for m in input.m}${m.x}%{endfor}' },
  }
  for (const declared of declarations) {
    for (const [line, text] of Object.entries(messages)) {
      const { diagnostics, spec } = compile(prompt(declared, line))
      t.same(told(diagnostics), [], line)
      t.same(spec('prompt', 'answer').messages, [{ role: 'user', text }], line)
    }
  }
  t.end()
})

refuses('prompt: what it does not take', [
  ['no model', 'config/missing-argument', '«prompt "answer"» { user = "x" }\n'],
  ['model and tiers', 'config/conflicting-arguments', prompt(HELLO, '«tier» { model = model.fast }', 'tier { model = model.fast }')],
  ['one tier', 'config/missing-argument', `${MODEL}prompt "a" {\n  user = "x"\n  «tier» { model = model.fast }\n}\n`],
  [
    'a tier without a model',
    'config/missing-argument',
    `${MODEL}prompt "a" {\n  user = "x"\n  «tier» { escalate_on = ["refusal"] }\n  tier { model = model.fast }\n}\n`,
  ],
  [
    'a rule of a tier',
    'config/not-one-of',
    `${MODEL}prompt "a" {\n  user = "x"\n  tier {\n    model       = model.fast\n    escalate_on = «["rain"]»\n  }\n  tier { model = model.fast }\n}\n`,
  ],
  [
    'a first tier without a rule',
    'prompt/tier-without-rule',
    `${MODEL}prompt "a" {\n  user = "x"\n  «tier» { model = model.fast }\n  tier { model = model.fast }\n}\n`,
  ],
  [
    'a last tier with a rule',
    'prompt/last-tier',
    `${MODEL}prompt "a" {\n  user = "x"\n  tier {\n    model       = model.fast\n    escalate_on = ["refusal"]\n  }\n  «tier» {\n    model       = model.fast\n    escalate_on = ["refusal"]\n  }\n}\n`,
  ],
  ['no user message', 'prompt/no-user-message', prompt('system = "x"').replace('prompt "answer"', '«prompt "answer"»')],
  ['a role', 'config/not-one-of', prompt(HELLO, 'message «"system"» { text = "x" }')],
  ['an empty message', 'config/missing-argument', prompt(HELLO, '«message "user"» {}')],
  ['a message without a role', 'config/wrong-labels', prompt(HELLO, '«message» { text = "x" }')],
  ['repair', 'config/out-of-range', prompt(HELLO, 'repair = «3»')],
  ['on_truncated', 'config/not-one-of', prompt(HELLO, 'on_truncated = «"cut"»')],
  ['max_cost', 'config/bad-money', prompt(HELLO, 'max_cost = «0.5»')],
  ['a cache without a ttl', 'config/missing-argument', prompt(HELLO, '«cache» {}')],
  ['a scope', 'config/not-one-of', prompt(HELLO, 'cache {\n  ttl   = "1h"\n  scope = «"world"»\n}')],
  [
    'two declarations',
    'config/conflicting-arguments',
    prompt('«input» {\n  type = object({ q = string })\n  field "q" { type = string }\n}', HELLO),
  ],
  ['two inputs', 'config/too-many-blocks', prompt('input {}', '«input» {}', HELLO)],
  ['an input that is a text', 'config/wrong-type', prompt('input { type = «string» }', HELLO)],
  ['a schema that is a text', 'config/wrong-type', prompt('input { schema = «"x"» }', HELLO)],
  ['a type that is none', 'config/bad-type', prompt('output { type = «text» }', HELLO)],
  ['an enum of nothing', 'config/bad-enum', prompt('output { type = enum(«[]») }', HELLO)],
  ['a field without a type', 'config/missing-argument', prompt('output {\n  «field "q"» {}\n}', HELLO)],
  ['a name of a field', 'config/bad-name', prompt('output {\n  field «"Q q"» { type = string }\n}', HELLO)],
  [
    'two fields of one name',
    'config/duplicate-block',
    prompt('output {\n  field "q" { type = string }\n  «field "q"» { type = number }\n}', HELLO),
  ],
  [
    'a default that does not fit',
    'config/wrong-type',
    prompt('input {\n  field "q" {\n    type    = number\n    default = «"many"»\n  }\n}', 'user = "${input.q}"'),
  ],
  [
    'a default of an output',
    'config/unsupported-argument',
    prompt('output {\n  field "q" {\n    type      = string\n    «default» = "x"\n  }\n}', HELLO),
  ],
  [
    'an example that does not fit',
    'config/wrong-type',
    prompt('output {\n  field "q" {\n    type     = number\n    examples = «["many"]»\n  }\n}', HELLO),
  ],
  [
    'one example without a list',
    'config/wrong-type',
    prompt('output {\n  field "q" {\n    type     = number\n    examples = «3»\n  }\n}', HELLO),
  ],
  [
    'a pattern of a number',
    'config/unsupported-argument',
    prompt('output {\n  field "q" {\n    type      = number\n    «pattern» = "x"\n  }\n}', HELLO),
  ],
  [
    'a pattern that looks around',
    'config/bad-pattern',
    prompt('output {\n  field "q" {\n    type    = string\n    pattern = «"(?=x)"»\n  }\n}', HELLO),
  ],
  [
    'accept of a text',
    'config/unsupported-argument',
    prompt('output {\n  field "q" {\n    type     = string\n    «accept» = ["image/png"]\n  }\n}', HELLO),
  ],
  [
    'max below min',
    'config/out-of-range',
    prompt('output {\n  field "q" {\n    type = number\n    min  = 2\n    max  = «1»\n  }\n}', HELLO),
  ],
  ['a negative length', 'config/out-of-range', prompt('output {\n  field "q" {\n    type = string\n    min  = «-1»\n  }\n}', HELLO)],
  ['max_bytes', 'config/bad-bytes', prompt('output {\n  field "q" {\n    type      = string\n    max_bytes = «10»\n  }\n}', HELLO)],
  [
    'a validation without a message',
    'config/missing-argument',
    prompt('output {\n  type = string\n  «validation» { condition = output != "" }\n}', HELLO),
  ],
  [
    'a condition that is a list',
    'config/wrong-type',
    prompt('output {\n  type = string\n  validation {\n    condition     = «[output]»\n    error_message = "x"\n  }\n}', HELLO),
  ],
  ['output in the messages', 'config/deferred-not-allowed', prompt('user = «output»')],
  [
    'input in an output validation',
    'config/deferred-not-allowed',
    prompt(
      'input {\n  field "q" { type = string }\n}',
      'user = input.q',
      'output {\n  type = string\n  validation {\n    condition     = output == «input.q»\n    error_message = "x"\n  }\n}',
    ),
  ],
  ['a word of another kind of block', 'config/deferred-not-allowed', prompt('user = «request.text»')],
  ['a list in a text', 'config/not-a-string', prompt('input {\n  field "q" { type = list(string) }\n}', 'user = "Of ${«input.q»}"')],
  [
    'what may be null in a text',
    'config/may-be-null',
    prompt('input {\n  field "q" { type = optional(string) }\n}', 'user = "Of ${«input.q»}"'),
  ],
  ['an attribute of a text', 'hcl/no-attributes', prompt('input {\n  field "q" { type = string }\n}', 'user = input.q«.x»')],
  ['a list for a text', 'config/wrong-type', prompt('input {\n  field "q" { type = list(string) }\n}', 'user = «input.q»')],
  ['an input without a declaration', 'config/unknown-input', prompt('user = «input.q»')],
  ['a history of texts', 'config/wrong-type', prompt('input {\n  field "q" { type = list(string) }\n}', HELLO, 'history = «input.q»')],
  [
    'temperature that waits for a run',
    'config/deferred-not-allowed',
    prompt('input {\n  field "q" { type = number }\n}', 'user = "${input.q}"', 'params { temperature = «input.q» }'),
  ],
])

t.test('prompt: what its models lack', t => {
  const chain = compile(`provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
  fallback = [model.local]
}

model "local" {
  provider     = provider.simulated
  id           = "simulated-old"
  capabilities = ["streaming"]
}

prompt "answer" {
  model = model.fast
  user  = "x"
  output { type = list(string) }
}
`)
  t.same(told(chain.diagnostics), ['model/missing-capability "model.fast"'])
  t.same(chain.diagnostics[0]?.notes, ['model.fast → model.local', 'json_schema: yes → no'])
  t.same(
    chain.diagnostics[0]?.related?.map(({ message }) => message),
    ['model.fast falls back to it', 'this needs json_schema'],
  )

  const weak = MODEL.replace('id  ', 'capabilities = ["streaming"]\n  id  ')
  const said = compile(
    `${weak}prompt "a" {\n  model = model.fast\n  user = "x"\n  output { type = list(string) }\n  params { seed = 1 }\n}\n`,
  )
  t.same(told(said.diagnostics), ['model/schema-in-instructions "model.fast"', 'model/ignored-param "1"'])
  const files = compile(
    `${weak}prompt "a" {\n  model = model.fast\n  input {\n    field "f" {\n      type   = file\n      accept = ["image/*"]\n    }\n  }\n  message "user" { attachments = [input.f] }\n}\n`,
  )
  t.same(told(files.diagnostics), ['model/missing-capability "model.fast"'])
  t.match(files.diagnostics[0]?.summary, /images as input/)
  t.end()
})

t.test('prompt: an input that nobody uses is a warning at its field', t => {
  const { diagnostics } = compile(prompt('input {\n  field "a" { type = string }\n  field "b" { type = string }\n}', 'user = input.a'))
  t.same(told(diagnostics), ['prompt/unused-input "field \\"b\\""'])
  t.end()
})

refuses('blocks in general', [
  ['an unknown block', 'config/unsupported-block', '«promt» "x" {}\n'],
  ['a value outside of blocks', 'config/unsupported-argument', '«tier» = "large"\n'],
  ['two labels', 'config/wrong-labels', '«provider "a" "b"» {}\n'],
  ['a duplicate', 'config/duplicate-block', 'provider "simulated" {}\n«provider "simulated"» {}\n'],
  ['a block among locals', 'config/unsupported-block', 'locals {\n  «x» {}\n}\n'],
  ['a local twice', 'config/duplicate-block', 'locals { a = 1 }\nlocals { «a» = 2 }\noutput "a" { value = local.a }\n'],
])

t.test('many mistakes are told in one run, with near names, and what follows from one is not', t => {
  const { diagnostics } = compile(`provider "simulated" {}

model "fast" {
  provider = provider.simulatd
  idd      = "x"
}

prompt "answer" {
  model = model.fast
  user  = "\${input.q}"
}
`)
  t.same(told(diagnostics), [
    'config/unsupported-argument "idd"',
    'config/unknown-reference "provider.simulatd"',
    'config/unknown-input "input.q"',
  ])
  t.same(
    diagnostics.map(({ suggestions }) => suggestions),
    [['id'], ['provider.simulated'], undefined],
  )
  t.end()
})
