import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { builtCli } from '../support/built-cli.ts'
import { startKmsServerWithKeys } from '../support/kms-server.ts'
import { startOpenAiServer } from '../support/openai-server.ts'

/** Each is planted once, and is found nowhere. */
const PLANTED = {
  'the key of a provider': 'sk-canary-provider-0123456789abcdef',
  'a key that is looked up in a file': 'sk-canary-infile-0123456789abcdef',
  'a sensitive variable of the environment': 'canary-variable-3f9a0c27d1',
  'a sensitive variable of the command line': 'canary-flag-77b1e2a49c',
  'a sensitive variable of a file': 'canary-varfile-1c0d88ee52',
  'what env() reads': 'canary-env-c41d5ab0f3',
  'the passphrase of the state': 'canary-passphrase-90ae7715',
  'the key of AWS': 'canary-aws-secret-52d0c7e6',
} as const

/** What is no secret, and must be found: else the search itself is broken. */
const MARKER = 'marker-of-a-prompt-6a0b'

/** As it is, as it would be encoded, and digested: a digest of a short secret can be guessed (SEC-2). */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const digestOf = (text: string) => createHash('sha256').update(text).digest('hex')
  const base64 = bytes.toString('base64').replace(/=+$/, '')
  return [secret, base64, bytes.toString('base64url'), bytes.toString('hex'), digestOf(secret), digestOf(JSON.stringify(secret))]
}

const openai = await startOpenAiServer()
const kms = await startKmsServerWithKeys()
t.teardown(() => Promise.all([openai.close(), kms.close()]))

const blocks = (encryption: string, system = MARKER) => `
flowrun { project = "canary" }
environment "dev" {
  state "sqlite" {
    encryption {
      ${encryption}
    }
  }
}
variable "token" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.token) > 5
    error_message = "The token is too short."
  }
}
variable "flag" {
  type      = string
  sensitive = true
}
variable "filed" {
  type      = string
  sensitive = true
}
provider "openai" {
  api_key  = secret("OPENAI_API_KEY")
  headers  = { x-team = "Bearer \${secret("TEAM_KEY")}" }
  base_url = "${openai.url}"
}
model "fast" {
  provider = provider.openai
  id       = "gpt-4o-mini"
  retry { max_attempts = 1 }
}
prompt "answer" {
  model  = model.fast
  system = "${system} \${nonsensitive(length(var.token))}"
  user   = "Hello."
}
output "token" {
  value     = [var.token, var.flag, var.filed, env("CANARY")]
  sensitive = true
}
output "length" { value = nonsensitive(length(var.token)) }
`
const PASSPHRASE = 'key_provider = "passphrase"\n      passphrase = secret("STATE_PASSPHRASE")'
const KMS = `key_provider = "kms"\n      kms_key_id = "alias/flowrun-state"\n      endpoint = "${kms.url}"`

const base = t.testdir({
  project: {
    'main.flow.hcl': blocks(PASSPHRASE),
    '.flowrun': { secrets: `TEAM_KEY=${PLANTED['a key that is looked up in a file']}\n` },
  },
  // What is outside of the project holds secrets, and is not searched.
  outside: {
    'values.flowvars': `filed = "${PLANTED['a sensitive variable of a file']}"\n`,
    'break.cjs': `Map.groupBy = () => { throw new TypeError('quotes ' + Object.values(process.env).join(' ')) }\n`,
  },
})
const folder = join(base, 'project')
chmodSync(join(folder, '.flowrun/secrets'), 0o600)

const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: join(base, 'outside'),
  FLOWRUN_TEST: '1',
  OPENAI_API_KEY: PLANTED['the key of a provider'],
  FLOWRUN_VAR_token: PLANTED['a sensitive variable of the environment'],
  CANARY: PLANTED['what env() reads'],
  STATE_PASSPHRASE: PLANTED['the passphrase of the state'],
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: PLANTED['the key of AWS'],
}
const FLAGS = ['-var', `flag=${PLANTED['a sensitive variable of the command line']}`, '-var-file', join(base, 'outside/values.flowvars')]

interface Step {
  readonly words: readonly string[]
  /** undefined: killed. */
  readonly exit?: number | undefined
  readonly environment?: Readonly<Record<string, string>>
}

const cli = builtCli()
const printed: { readonly command: string; readonly text: string }[] = []

/** Runs the built command line, and keeps what it printed. */
async function flowrun({ words, exit, environment = {} }: Step): Promise<string> {
  const child = spawn(process.execPath, [cli, ...words], {
    cwd: folder,
    env: { ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => chunks.push(chunk))
  const [code] = await once(child, 'close')
  const text = Buffer.concat(chunks).toString()
  printed.push({ command: words.join(' '), text })
  t.equal(code, exit === undefined ? null : exit, `flowrun ${words.slice(0, 3).join(' ')}: ${text.slice(0, 300)}`)
  return text
}

const write = (text: string) => writeFileSync(join(folder, 'main.flow.hcl'), text)

/** What stands around a hit, so that it can be found in the source. */
const excerpt = (text: string, at: number) => text.slice(Math.max(0, at - 100), at + 60)

/** All that a person or a program can read afterwards. */
function leftovers(): readonly { readonly command: string; readonly text: string }[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile() && entry.name !== 'secrets')
  return files.map(({ parentPath, name }) => ({ command: name, text: readFileSync(join(parentPath, name), 'latin1') }))
}

t.test('SEC-2: a planted secret is in no state, plan, registry, output, error or crash report', { timeout: 240_000 }, async t => {
  const ok = (...words: string[]): Step => ({ words, exit: 0 })
  const planned: readonly Step[] = [
    ok('validate', ...FLAGS),
    ok('validate', ...FLAGS, '--json'),
    {
      words: ['validate', '-var', 'flag=x', '-var', 'filed=', '-var', `tokn=${PLANTED['a sensitive variable of the command line']}`],
      exit: 1,
    },
    ok('plan', ...FLAGS, '-out', 'release.plan'),
    ok('plan', ...FLAGS, '--format', 'json'),
    ok('plan', ...FLAGS, '-json'),
    ok('plan', ...FLAGS, '--format', 'markdown'),
    ok('show', 'release.plan'),
    ok('show', 'release.plan', '--json'),
    ok('graph', ...FLAGS),
    ok('providers', ...FLAGS),
    // Killed at the letters of the release protocol; the next command repairs.
    { words: ['apply', 'release.plan'], environment: { FLOWRUN_CRASH_AT: 'A2-uploaded' } },
    { words: ['apply', ...FLAGS, '--yes'], environment: { FLOWRUN_CRASH_AT: 'A4-committed' } },
    ok('apply', ...FLAGS, '--yes', '-json'),
  ]
  for (const step of planned) await flowrun(step)

  openai.script({ text: ['Hello.'] })
  await flowrun(ok('run', 'prompt.answer', ...FLAGS, '--json'))
  const echo = `the key ${PLANTED['the key of a provider']} and Bearer ${PLANTED['a key that is looked up in a file']} are wrong`
  for (const status of [400, 401, 500]) {
    openai.script({ fault: { kind: 'status', status, message: echo } })
    for (const format of ['text', 'json'])
      await flowrun({ words: ['run', 'prompt.answer', ...FLAGS, '--format', format], exit: 1, environment: { FLOWRUN_LOG: 'trace' } })
  }

  write(blocks(PASSPHRASE, `${MARKER} and more`))
  const afterwards: readonly Step[] = [
    ok('plan', ...FLAGS),
    ok('apply', ...FLAGS, '--yes'),
    ok('output', '--json'),
    ok('state', 'pull'),
    ok('state', 'show', 'prompt.answer'),
    ok('state', 'history', '--json'),
    ok('audit', 'list', '--json'),
    ok('versions', 'prompt.answer', '--json'),
    { words: ['plan', ...FLAGS], exit: 1, environment: { STATE_PASSPHRASE: `${PLANTED['the passphrase of the state']}x` } },
    { words: ['explain', '--help'], exit: 70, environment: { NODE_OPTIONS: `--require ${join(base, 'outside/break.cjs')}` } },
  ]
  for (const step of afterwards) await flowrun(step)

  write(blocks(`${KMS}\n      previous {\n        ${PASSPHRASE}\n      }`))
  kms.failNext('AccessDeniedException')
  await flowrun({ words: ['apply', ...FLAGS, '--yes'], exit: 1 })
  await flowrun(ok('apply', ...FLAGS, '--yes'))
  write(blocks(PASSPHRASE).replace(/system = .*/, 'system = var.token'))
  for (const format of ['text', 'json']) await flowrun({ words: ['plan', ...FLAGS, '--format', format], exit: 1 })
  write(blocks(PASSPHRASE).replace('sensitive = true\n}\noutput', '}\noutput'))
  await flowrun({ words: ['plan', ...FLAGS], exit: 1 })

  const places = [...printed, ...leftovers()]
  for (const file of ['state.db', 'state-history.db', 'release.plan', 'crash-'])
    t.ok(
      places.some(({ command }) => command.startsWith(file)),
      `${file} is searched`,
    )
  t.ok(places.filter(({ text }) => text.includes(MARKER)).length > 5, 'the search finds what is there')
  for (const [name, secret] of Object.entries(PLANTED)) {
    const hits = places.flatMap(({ command, text }) => {
      const found = formsOf(secret).find(form => text.includes(form))
      return found === undefined ? [] : [`${command}: ${excerpt(text, text.indexOf(found))}`]
    })
    t.same(hits, [], name)
  }
})
