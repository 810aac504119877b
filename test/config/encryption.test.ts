import t from 'tap'
import { compile, told } from '../support/configuration.ts'

/** An environment whose state is encrypted so; the mistake stands between « and ». */
function encrypted(lines: string): string {
  return `environment "dev" {\n  state "sqlite" {\n    ${lines}\n  }\n}\n`
}

function settingsOf(text: string) {
  const { configuration, diagnostics } = compile(text)
  t.same(told(diagnostics), [])
  return configuration?.environment.state
}

t.test('a state is encrypted under one key, and read with an earlier one', async t => {
  const passphrase = { key_provider: 'passphrase', passphrase: { $secret: 'STATE_PASSPHRASE' } }
  t.same(settingsOf(encrypted('encryption {\n key_provider = "passphrase"\n passphrase = secret("STATE_PASSPHRASE")\n }')), {
    type: 'sqlite',
    encryption: passphrase,
  })
  const kms = 'key_provider = "kms"\n kms_key_id = "alias/x"\n region = "eu-central-1"\n endpoint = "http://127.0.0.1:4566"'
  t.same(
    settingsOf(
      encrypted(`encryption {\n ${kms}\n previous {\n key_provider = "passphrase"\n passphrase = secret("STATE_PASSPHRASE")\n }\n }`),
    ),
    {
      type: 'sqlite',
      encryption: {
        key_provider: 'kms',
        kms_key_id: 'alias/x',
        region: 'eu-central-1',
        endpoint: 'http://127.0.0.1:4566',
        previous: passphrase,
      },
    },
  )
})

t.test('a key has what its kind needs, and nothing of the other kind', async t => {
  const mistakes: readonly (readonly [code: string, marked: string])[] = [
    ['config/missing-argument', '«encryption» {}'],
    ['config/not-one-of', 'encryption { key_provider = «"vault"» }'],
    ['config/missing-argument', '«encryption» { key_provider = "passphrase" }'],
    ['config/missing-argument', '«encryption» { key_provider = "kms" }'],
    ['config/plain-secret', 'encryption {\n key_provider = "passphrase"\n passphrase = «"(a plain key)"»\n}'],
    ['config/conflicting-arguments', 'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n passphrase = «secret("P")»\n}'],
    [
      'config/conflicting-arguments',
      'encryption {\n key_provider = "passphrase"\n passphrase = secret("P")\n region = «"eu-central-1"»\n}',
    ],
    ['config/insecure-url', 'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n endpoint = «"http://kms.internal"»\n}'],
    ['config/insecure-url', 'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n endpoint = «"here"»\n}'],
    ['config/missing-argument', 'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n «previous» { key_provider = "passphrase" }\n}'],
    [
      'config/unsupported-block',
      'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n previous {\n key_provider = "kms"\n kms_key_id = "j"\n «previous» {}\n}\n}',
    ],
    [
      'config/too-many-blocks',
      'encryption {\n key_provider = "kms"\n kms_key_id = "k"\n}\n«encryption» {\n key_provider = "kms"\n kms_key_id = "k"\n}',
    ],
  ]
  for (const [code, marked] of mistakes) {
    const underlined = /«(.*?)»/s.exec(marked)?.[1]
    const { diagnostics } = compile(encrypted(marked.replace(/[«»]/g, '')))
    t.same(told(diagnostics), [`${code} ${JSON.stringify(underlined)}`], marked)
  }
})

t.test('a lock that goes over the open network is refused with its state', async t => {
  const state =
    'environment "dev" {\n  state "http" {\n    address      = "https://s.example.com"\n    lock_address = "http://s.example.com/lock"\n  }\n}\n'
  t.same(told(compile(state).diagnostics), ['config/insecure-url "\\"http://s.example.com/lock\\""'])
})
