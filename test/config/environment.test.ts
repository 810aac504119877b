import t from 'tap'
import type { Environment } from '../../src/config/blocks/environment.ts'
import { compile, told } from '../support/configuration.ts'

function environmentOf(body: string): Environment {
  const { configuration, diagnostics } = compile(`environment "dev" {\n${body}\n}\n`)
  if (configuration === undefined) throw new Error(told(diagnostics).join('; '))
  return configuration.environment as Environment
}

t.test('an environment that says nothing keeps its state and contents beside the registry', t => {
  const { state, content, target, secrets } = environmentOf('')
  t.same(
    { state, content, target, secrets },
    { state: { type: 'sqlite' }, content: { type: 'inline' }, target: { type: 'embedded' }, secrets: undefined },
  )
  t.end()
})

t.test('state: each kind with what is written, and the defaults of the rest', t => {
  const stateOf = (body: string) => environmentOf(`  state ${body}`).state
  t.same(stateOf('"sqlite" {\n    path = "states/dev.db"\n    keep = 5\n  }'), { type: 'sqlite', path: 'states/dev.db', keep: 5 })
  t.same(
    stateOf('"http" {\n    address      = "https://state.example.com/dev"\n    lock_address = "http://127.0.0.1:7420/dev/lock"\n  }'),
    {
      type: 'http',
      address: 'https://state.example.com/dev',
      lock_address: 'http://127.0.0.1:7420/dev/lock',
      update_method: 'POST',
      lock_method: 'LOCK',
      unlock_method: 'UNLOCK',
      headers: {},
      retry_max: 2,
      retry_wait_min: 1000,
      retry_wait_max: 30_000,
      skip_cert_verification: false,
    },
  )
  t.match(
    stateOf(`"http" {
    address                   = "https://gitlab.example.com/api/v4/projects/7/terraform/state/dev"
    lock_address              = "https://gitlab.example.com/api/v4/projects/7/terraform/state/dev/lock"
    unlock_address            = "https://gitlab.example.com/api/v4/projects/7/terraform/state/dev/lock"
    update_method             = "PUT"
    lock_method               = "POST"
    unlock_method             = "DELETE"
    username                  = "ana"
    password                  = secret("GITLAB_TOKEN")
    headers                   = { "X-Team" = "support", Authorization = "Bearer \${secret("TOKEN")}" }
    retry_max                 = 0
    retry_wait_min            = "100ms"
    retry_wait_max            = "1m"
    skip_cert_verification    = true
    client_certificate_pem    = "-----BEGIN CERTIFICATE-----"
    client_private_key_pem    = secret("STATE_KEY")
    client_ca_certificate_pem = "-----BEGIN CERTIFICATE-----"
  }`),
    {
      lock_method: 'POST',
      unlock_method: 'DELETE',
      password: { $secret: 'GITLAB_TOKEN' },
      headers: { 'X-Team': 'support', Authorization: { $join: ['Bearer ', { $secret: 'TOKEN' }] } },
      retry_max: 0,
      retry_wait_min: 100,
      retry_wait_max: 60_000,
      client_private_key_pem: { $secret: 'STATE_KEY' },
    },
  )
  t.same(stateOf('"postgres" { url = secret("STATE_URL") }'), {
    type: 'postgres',
    url: { $secret: 'STATE_URL' },
    schema: 'flowrun_state',
    skip_schema_creation: false,
  })
  t.match(
    stateOf(
      '"postgres" {\n    url                  = "postgres://localhost/flowrun"\n    schema               = "s"\n    keep                 = 7\n    skip_schema_creation = true\n  }',
    ),
    {
      url: 'postgres://localhost/flowrun',
      schema: 's',
      keep: 7,
      skip_schema_creation: true,
    },
  )
  t.same(stateOf('"s3" {\n    bucket = "acme"\n    key    = "support/dev.json"\n  }'), {
    type: 's3',
    bucket: 'acme',
    key: 'support/dev.json',
    force_path_style: false,
  })
  t.match(
    stateOf(
      '"s3" {\n    bucket = "acme"\n    key = "k"\n    region = "eu-central-1"\n    endpoint = "https://s3.example.com"\n    force_path_style = true\n    kms_key_id = "alias/flowrun"\n    profile = "acme"\n    access_key = secret("A")\n    secret_key = secret("B")\n    keep = 3\n  }',
    ),
    { endpoint: 'https://s3.example.com', force_path_style: true, access_key: { $secret: 'A' }, secret_key: { $secret: 'B' }, keep: 3 },
  )
  t.end()
})

t.test('cache: each kind with what is written, and a file where nothing is', t => {
  const usual = { type: 'sqlite', max_bytes: 1e9 }
  t.same(environmentOf('').cache, usual)
  t.same(environmentOf('  cache "sqlite" {}').cache, usual)
  t.same(environmentOf('  cache "sqlite" {\n    path      = "answers.db"\n    max_bytes = "64MB"\n  }').cache, {
    type: 'sqlite',
    path: 'answers.db',
    max_bytes: 64e6,
  })
  t.same(environmentOf('  cache "redis" { url = secret("REDIS_URL") }').cache, {
    type: 'redis',
    url: { $secret: 'REDIS_URL' },
    prefix: 'flowrun:',
  })
  t.match(environmentOf('  cache "redis" {\n    url    = "redis://127.0.0.1:6379/2"\n    prefix = "shop:"\n  }').cache, {
    url: 'redis://127.0.0.1:6379/2',
    prefix: 'shop:',
  })
  t.end()
})

t.test('content and secrets: each kind, and resolvers in their order', t => {
  t.same(environmentOf('  content "inline" {}').content, { type: 'inline' })
  t.same(environmentOf('  content "s3" {\n    bucket     = "acme"\n    kms_key_id = "alias/flowrun"\n  }').content, {
    type: 's3',
    bucket: 'acme',
    kms_key_id: 'alias/flowrun',
    force_path_style: false,
    prefix: 'flowrun/',
    min_bytes: 8192,
  })
  t.match(
    environmentOf('  content "s3" {\n    bucket     = "acme"\n    kms_key_id = "k"\n    prefix     = "p/"\n    min_bytes  = "0B"\n  }')
      .content,
    {
      prefix: 'p/',
      min_bytes: 0,
    },
  )
  t.same(environmentOf('  secrets "file" { path = "keys" }\n  secrets "env" {}\n  secrets "env" { prefix = "PROD_" }').secrets, [
    { type: 'file', path: 'keys' },
    { type: 'env', prefix: '' },
    { type: 'env', prefix: 'PROD_' },
  ])
  t.end()
})

t.test('what is wrong is underlined, and near names are said', t => {
  const http = (line: string) =>
    `state "http" {\n    address      = "https://state.example.com/dev"\n    lock_address = "https://state.example.com/dev"\n    ${line}\n  }`
  const mistakes: readonly (readonly [code: string, body: string, near?: string])[] = [
    ['config/not-one-of', 'state «"htp"» {}', 'http'],
    ['config/not-one-of', 'state «"postgre"» {}', 'postgres'],
    ['config/not-one-of', 'content «"s4"» {}', 's3'],
    ['config/not-one-of', 'secrets «"files"» {}', 'file'],
    ['config/too-many-blocks', 'state "sqlite" {}\n  «state "s3"» {\n    bucket = "b"\n    key    = "k"\n  }'],
    ['config/missing-argument', '«state "http"» {}'],
    ['config/missing-argument', '«state "postgres"» {}'],
    ['config/missing-argument', '«state "s3"» { bucket = "b" }'],
    ['config/missing-argument', '«content "s3"» {}'],
    ['config/unsupported-argument', http('«pasword» = secret("A")'), 'password'],
    ['config/unsupported-argument', http('«lock_adress» = "x"'), 'lock_address'],
    ['config/unsupported-argument', 'state "sqlite" { «pat» = "x" }', 'path'],
    ['config/unsupported-argument', 'secrets "env" { «prefx» = "x" }', 'prefix'],
    ['config/not-one-of', http('update_method = «"PATCH"»')],
    ['config/out-of-range', http('retry_max = «21»')],
    ['config/bad-duration', http('retry_wait_min = «"soon"»')],
    ['config/plain-secret', http('password = "hunter2"')],
    ['config/plain-secret', http('client_private_key_pem = "-----BEGIN PRIVATE KEY-----"')],
    ['config/plain-secret', http('unlock_address = "https://ana:hunter2@state.example.com/dev"')],
    ['config/insecure-url', http('unlock_address = «"http://state.example.com/dev"»')],
    ['config/insecure-url', http('unlock_address = «"state.example.com"»')],
    ['config/insecure-url', http('unlock_address = «"ftp://127.0.0.1/dev"»')],
    ['config/bad-bytes', 'content "s3" {\n    bucket     = "b"\n    kms_key_id = "k"\n    min_bytes  = «"many"»\n  }'],
    ['state/without-lock', '«state "http"» { address = "https://state.example.com/dev" }'],
  ]
  for (const [code, marked, near] of mistakes) {
    const { diagnostics } = compile(`environment "dev" {\n  ${marked.replace(/[«»]/g, '')}\n}\n`)
    const underlined = /«(.*?)»/s.exec(marked)?.[1]
    const [first, ...others] = diagnostics
    t.same(others, [], marked)
    t.equal(first?.code, code, marked)
    if (underlined !== undefined) t.same(told(diagnostics), [`${code} ${JSON.stringify(underlined)}`])
    if (near !== undefined) t.match(JSON.stringify(first), near, marked)
    t.notMatch(JSON.stringify(first), 'hunter2')
  }
  t.end()
})
