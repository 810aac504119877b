import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { createSqliteStateBackend } from '../../src/state/backends/sqlite.ts'
import { acquireLock } from '../../src/state/locking.ts'
import { thisHolder } from '../../src/state/process.ts'
import { builtCli } from '../support/built-cli.ts'
import { openRegistry } from '../support/open-registry.ts'

const cli = builtCli()

const configuration = `
flowrun { project = "shop" }
provider "local" {
  type = "simulated"
  answer {
    when  = strcontains(request.text, "Stall")
    error = "stall"
  }
  answer {
    when = strcontains(request.text, "Mend") && length(request.messages) == 1
    text = "[1"
  }
  answer {
    when = strcontains(request.text, "mended")
    json = [1]
  }
  answer {
    text              = "One two three four five six seven eight nine ten."
    tokens_per_second = 20
  }
}
model "small" {
  provider = provider.local
  id       = "simulated-small"
  timeout  = "60ms"
  retry { max_attempts = 1 }
}
model "patient" {
  provider = provider.local
  id       = "simulated-small"
}
prompt "count" {
  model = model.patient
  user  = "Count to ten."
}
prompt "stall" {
  model = model.small
  user  = "Stall."
}
prompt "mend" {
  model = model.small
  user  = "Mend."
  output { type = list(integer) }
}
`

interface Started {
  readonly process: ChildProcess
  /** Resolves when the text has been printed, on either stream. */
  printed(text: string): Promise<void>
  /** Code and all that was printed, at the end. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}

function start(directory: string, words: readonly string[]): Started {
  const child = spawn(process.execPath, [cli, ...words], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      FLOWRUN_TEST: '1',
      FLOWRUN_TEST_TERMINAL: '1',
      NO_COLOR: '1',
    },
  })
  let output = ''
  const waiting = new Map<string, () => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const [wanted, resolve] of waiting) if (output.includes(wanted)) resolve()
    })
  }
  const ended = once(child, 'close').then(([code]) => ({ code, output }))
  const printed = (text: string) => new Promise<void>(resolve => (output.includes(text) ? resolve() : waiting.set(text, resolve)))
  const never = (text: string) => ended.then(() => Promise.reject(new Error(`it ended without ${text}:\n${output}`)))
  return { process: child, printed: text => Promise.race([printed(text), never(text)]), ended }
}

t.test('a run is stopped by the first Ctrl-C or SIGTERM, and says so', async t => {
  const directory = t.testdir({ 'main.flow.hcl': configuration })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const run = start(directory, ['run', 'prompt.count', '--jsonl'])
    await run.printed('"text":"two "')
    run.process.kill(signal)
    const ended = await run.ended
    t.equal(ended.code, code)
    const last = JSON.parse(ended.output.trim().split('\n').at(-1) ?? '')
    t.match(last, { type: 'diagnostic', diagnostic: { code: 'run/cancelled' } })
    t.notMatch(ended.output, 'ten')
  }
})

t.test('Ctrl-C at the question of an apply declines it', async t => {
  const apply = start(t.testdir({ 'main.flow.hcl': configuration }), ['apply'])
  await apply.printed('Only "yes" is accepted: ')
  apply.process.kill('SIGINT')
  const { code, output } = await apply.ended
  t.equal(code, 130)
  t.match(output, /Only "yes" is accepted: \n[^\n]*Apply cancelled\. Nothing was changed\.\n$/)
})

t.test('Ctrl-C ends the wait for the lock', async t => {
  const directory = t.testdir({ 'main.flow.hcl': configuration })
  mkdirSync(join(directory, '.flowrun'))
  const registry = await openRegistry(join(directory, '.flowrun'))
  t.teardown(() => registry.close())
  await acquireLock({
    backend: createSqliteStateBackend(registry),
    environment: 'dev',
    holder: thisHolder('apply', '0.1.0', systemClock),
    timeoutMs: 0,
    clock: systemClock,
    onWaiting: () => {},
    sleep: async () => {},
  })
  const told = start(directory, ['apply', '--yes', '-json', '-lock-timeout', '60s'])
  await told.printed('"type":"log"')
  told.process.kill('SIGTERM')
  const waiting = (await told.ended).output.split('\n').find(line => line.includes('"type":"log"'))
  t.match(JSON.parse(waiting ?? ''), { '@message': /^Waiting for the state lock of dev, held by .* for apply \(60s at most\)\.$/ })

  const apply = start(directory, ['apply', '--yes', '-lock-timeout', '60s'])
  await apply.printed('Waiting')
  apply.process.kill('SIGTERM')
  const { code, output } = await apply.ended
  t.equal(code, 143)
  t.ok(output.endsWith('\nApply stopped. Nothing was released: dev has no release yet.\n'), output)
})

/** What a person at a terminal of this process would see, both streams in the order of writing. */
async function seen(directory: string, ...words: readonly string[]): Promise<string> {
  let output = ''
  const stream = () =>
    Object.assign(
      new PassThrough().on('data', chunk => {
        output += chunk
      }),
      { isTTY: true, columns: 100 },
    )
  await dispatch(words, {
    environment: { NO_COLOR: '1' },
    stdin: stream(),
    stdout: stream(),
    stderr: stream(),
    clock: { now: () => 0, monotonic: () => 0 },
    random: size => new Uint8Array(size),
    workingFolder: () => directory,
    changeFolder: () => {},
  })
  return output
}

t.test('at a terminal tokens come as they are made, and what follows stands on a line of its own', async t => {
  const directory = t.testdir({ 'main.flow.hcl': configuration })
  t.match(await seen(directory, 'run', 'prompt.count'), /^One two .* ten\.\n\nprompt\.count \(working copy\)/)
  t.match(await seen(directory, 'run', 'prompt.stall'), /^This simulated answer stops \nError: model\.small did not answer/)
  t.match(
    await seen(directory, 'run', 'prompt.mend'),
    /^\[1\nThat does not fit the output type: is not JSON: "\[1"\. Asking again\.\n\[1\]\n\nprompt\.mend/,
  )
})

t.test('a command that has ended listens for Ctrl-C no more, nor for SIGTERM', async t => {
  const directory = t.testdir({ 'main.flow.hcl': configuration })
  const listeners = () => ['SIGINT', 'SIGTERM'].map(signal => process.listenerCount(signal))
  const before = listeners()
  for (const words of [
    ['run', 'prompt.stall'],
    ['force-unlock', '-e', 'dev', '1'],
    ['apply', '--yes', '--no-input'],
  ]) {
    await seen(directory, ...words)
    t.same(listeners(), before, words.join(' '))
  }
})
