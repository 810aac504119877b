import t from 'tap'
import { compile, told } from '../support/configuration.ts'

function environment(store: string, lines: string): string {
  return `environment "dev" {\n  ${store} {\n    ${lines}\n  }\n}\n`
}

const KEYS = 'access_key = secret("S3_ACCESS_KEY")\n    secret_key = secret("S3_SECRET_KEY")'

t.test('a bucket of a state and of contents has its place, who asks for it, and usual values', t => {
  const state = compile(environment('state "s3"', `bucket = "acme-state"\n    key = "flowrun"\n    region = "eu-central-1"\n    ${KEYS}`))
  t.same(told(state.diagnostics), [])
  t.same(state.configuration?.environment.state, {
    type: 's3',
    bucket: 'acme-state',
    key: 'flowrun',
    region: 'eu-central-1',
    force_path_style: false,
    access_key: { $secret: 'S3_ACCESS_KEY' },
    secret_key: { $secret: 'S3_SECRET_KEY' },
  })
  const content = compile(
    environment('content "s3"', 'bucket = "acme-prompts"\n    kms_key_id = "alias/flowrun"\n    endpoint = "http://127.0.0.1:9000"'),
  )
  t.same(told(content.diagnostics), [])
  t.same(content.configuration?.environment.content, {
    type: 's3',
    bucket: 'acme-prompts',
    kms_key_id: 'alias/flowrun',
    endpoint: 'http://127.0.0.1:9000',
    force_path_style: false,
    prefix: 'flowrun/',
    min_bytes: 8192,
  })
  const all = compile(environment('content "s3"', 'bucket = "acme-prompts"\n    kms_key_id = "alias/flowrun"\n    min_bytes = "0B"'))
  t.match(all.configuration?.environment.content, { min_bytes: 0 })
  t.end()
})

t.test('half of a pair of keys, a plain key and an open address are refused', t => {
  const mistakes: readonly (readonly [code: string, store: string, lines: string])[] = [
    ['config/missing-argument', 'state "s3"', 'key = "flowrun"'],
    ['config/missing-argument', 'state "s3"', 'bucket = "b"'],
    ['config/missing-argument', 'state "s3"', 'bucket = "b"\n key = "k"\n access_key = secret("A")'],
    ['config/missing-argument', 'content "s3"', 'bucket = "b"\n kms_key_id = "k"\n secret_key = secret("A")'],
    ['config/plain-secret', 'content "s3"', 'bucket = "b"\n kms_key_id = "k"\n access_key = "AKIA"\n secret_key = secret("A")'],
    ['config/insecure-url', 'content "s3"', 'bucket = "b"\n kms_key_id = "k"\n endpoint = "http://minio.internal:9000"'],
  ]
  for (const [code, store, lines] of mistakes) {
    const codes = compile(environment(store, lines)).diagnostics.map(diagnostic => diagnostic.code)
    t.ok(codes.includes(code as never), `${store} { ${lines} } gives ${code}, and not ${codes}`)
  }
  t.end()
})

t.test('contents without a key of KMS are a warning', t => {
  const { diagnostics, configuration } = compile(environment('content "s3"', 'bucket = "acme-prompts"'))
  t.match(diagnostics, [
    { code: 'config/contents-readable', severity: 'warning', summary: 'Whoever may read the bucket acme-prompts can read the prompts' },
  ])
  t.ok(configuration, 'it is no obstacle')
  t.end()
})
