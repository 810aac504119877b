import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { createRedactor } from '../../src/gateway/redactor.ts'
import { createSecretResolver, parseSecrets, resolveSecretText, SECRET_CACHE_MS } from '../../src/gateway/secrets.ts'
import { createFakeClock } from '../support/fake-clock.ts'

t.test('secrets are looked for in the environment, then in the file', async t => {
  const directory = t.testdir({ secrets: '# keys\nCRM=from-file\nTOKEN = a=b \n\nEMPTY=\n' })
  const path = join(directory, 'secrets')
  chmodSync(path, 0o600)
  const clock = createFakeClock()
  const redactor = createRedactor()
  const environment: Record<string, string> = { OPENAI_API_KEY: 'from-environment', BLANK: '' }
  const secrets = createSecretResolver({
    environment,
    places: [
      { type: 'environment', prefix: '' },
      { type: 'file', path, label: '.flowrun/secrets' },
    ],
    clock,
    redactor,
  })

  t.strictSame(await secrets.resolve('OPENAI_API_KEY'), { value: 'from-environment', foundIn: 'the environment' })
  t.strictSame(await secrets.resolve('CRM'), { value: 'from-file', foundIn: '.flowrun/secrets' })
  t.equal((await secrets.resolve('TOKEN')).value, 'a=b')
  t.equal(await resolveSecretText({ $join: ['Bearer ', { $secret: 'CRM' }, '!'] }, secrets), 'Bearer from-file!')
  t.equal(redactor.redact('it said from-file and from-environment'), 'it said (secret CRM) and (secret OPENAI_API_KEY)')

  await t.test('one that is nowhere, or empty, names the places', async t => {
    await t.rejects(secrets.resolve('GONE'), {
      name: 'MissingSecret',
      secretName: 'GONE',
      lookedIn: ['the environment', '.flowrun/secrets (not in it)'],
    })
    await t.rejects(secrets.resolve('BLANK'), {
      name: 'MissingSecret',
      lookedIn: ['the environment (empty)', '.flowrun/secrets (not in it)'],
    })
    await t.rejects(secrets.resolve('EMPTY'), { name: 'MissingSecret' })
  })

  await t.test('SEC-1: a changed file is seen after a minute, or when a key was refused', async t => {
    writeFileSync(path, 'CRM=second')
    t.equal((await secrets.resolve('CRM')).value, 'from-file')
    await clock.advance(SECRET_CACHE_MS)
    t.equal((await secrets.resolve('CRM')).value, 'second')
    writeFileSync(path, 'CRM=third')
    secrets.forget('CRM')
    t.equal((await secrets.resolve('CRM')).value, 'third')
  })

  await t.test('a file that others can read is refused', async t => {
    chmodSync(path, 0o644)
    secrets.forget('CRM')
    await t.rejects(secrets.resolve('CRM'), {
      name: 'OperationError',
      code: 'config/secret-file-readable',
      message: '.flowrun/secrets can be read by others (mode 0644)',
    })
    t.equal((await secrets.resolve('OPENAI_API_KEY')).value, 'from-environment')
  })
})

t.test('lines of a file of secrets', async t => {
  t.strictSame(
    [...parseSecrets('A=1\r\nB = two words \n=x\n#C=3\nno equals\nD=a"b\'')],
    [
      ['A', '1'],
      ['B', 'two words'],
      ['D', 'a"b\''],
    ],
  )
})

t.test('redaction', async t => {
  const redactor = createRedactor()
  redactor.learn('KEY', 'sk-Ab+c/d"e=1234')
  redactor.learn('LONGER', 'sk-Ab+c/d"e=1234-and-more')
  redactor.learn('TINY', 'abc')

  await t.test('finds a value as it is, in URLs, in JSON, in base64, and masked', async t => {
    const value = 'sk-Ab+c/d"e=1234'
    for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), Buffer.from(value).toString('base64')]) {
      t.equal(redactor.redact(`<${form}>`), '<(secret KEY)>')
    }
    t.equal(redactor.redact('provided: sk-Ab+****1234.'), 'provided: (secret KEY).')
    t.equal(redactor.redact('provided: sk-Ab+...1234'), 'provided: (secret KEY)')
  })

  await t.test('a long text takes linear time', async t => {
    const text = `${'a'.repeat(2_000_000)} sk-Ab+****1234 ${'x'.repeat(2_000_000)}`
    t.equal(redactor.redact(text).length, text.length - 'sk-Ab+****1234'.length + '(secret KEY)'.length)
  })

  await t.test('takes the longest secret, and leaves other text alone', async t => {
    t.equal(redactor.redact('sk-Ab+c/d"e=1234-and-more'), '(secret LONGER)')
    t.equal(redactor.redact('abc and **** and sk-other****9999 … wait...'), 'abc and **** and sk-other****9999 … wait...')
  })

  await t.test('no text keeps a value that was learnt', async t => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 40 }), fc.string(), fc.string(), (value, before, after) => {
        const fresh = createRedactor()
        fresh.learn('NAME', value)
        fc.pre(!'(secret NAME)'.includes(value))
        const redacted = fresh.redact(`${before}${value}${after}`)
        return redacted.includes('(secret NAME)')
      }),
    )
    t.pass()
  })
})

t.test('places are asked in the order that the environment says', async t => {
  const directory = t.testdir({ one: 'CRM=first\n', two: 'CRM=second\nTOKEN=of-two\n' })
  for (const name of ['one', 'two']) chmodSync(join(directory, name), 0o600)
  const file = (label: string) => ({ type: 'file', path: join(directory, label), label }) as const
  const secrets = createSecretResolver({
    environment: { SHOP_TOKEN: 'of-shop', CRM: 'without prefix' },
    places: [file('one'), { type: 'environment', prefix: 'SHOP_' }, file('two')],
    clock: createFakeClock(),
    redactor: createRedactor(),
  })
  t.strictSame(await secrets.resolve('CRM'), { value: 'first', foundIn: 'one' })
  t.strictSame(await secrets.resolve('TOKEN'), { value: 'of-shop', foundIn: 'the environment, as SHOP_TOKEN' })
  await t.rejects(secrets.resolve('GONE'), {
    name: 'MissingSecret',
    variable: 'SHOP_GONE',
    lookedIn: ['one (not in it)', 'the environment, as SHOP_GONE', 'two (not in it)'],
  })
})
