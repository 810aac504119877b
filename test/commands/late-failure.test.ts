import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { dispatch } from '../../src/commands/dispatch.ts'
import { prompt } from '../support/configuration.ts'
import { type StateRequest, startStateServer } from '../support/state-server.ts'

/** An apply after whose release the server of the state is gone, so that the lock cannot be given back. */
async function applied(t: Test, ...words: readonly string[]) {
  // A server that ends with the write of the state that follows the release: the second, for the first makes the lineage known.
  let writes = 0
  const onDone = ({ method }: StateRequest) => {
    if (method === 'POST' && ++writes === 2) server.script({ kind: 'down' })
  }
  const server = await startStateServer({ onDone })
  t.teardown(() => server.close())
  const state = `state "http" {\n    address      = "${server.url}/dev"\n    lock_address = "${server.url}/dev"\n    retry_max    = 0\n  }`
  const directory = t.testdir({ 'main.flow.hcl': `environment "dev" {\n  ${state}\n}\n${prompt('user = "Hello."')}` })
  const streams = { out: '', err: '' }
  const stream = (name: keyof typeof streams) =>
    new PassThrough().on('data', chunk => {
      streams[name] += chunk
    })
  const code = await dispatch(['apply', '--yes', ...words], {
    environment: { NO_COLOR: '1', CI: '1' },
    stdin: new PassThrough(),
    stdout: stream('out'),
    stderr: stream('err'),
    clock: systemClock,
    random: randomBytes,
    workingFolder: () => directory,
    changeFolder: () => {},
  })
  return { code, ...streams }
}

t.test('a release whose lock could not be given back is told, and then the lock, in each form', async t => {
  const text = await applied(t)
  t.equal(text.code, 1)
  t.match(text.out, /\nApply complete! Release 1 of dev: 3 added/)
  t.match(text.err, /^Error: The lock of dev could not be given back {2}\[state\/still-locked\]/)

  const json = await applied(t, '--format', 'json')
  t.match([json.code, json.err], [1, ''])
  t.match(JSON.parse(json.out), { release: { number: 1 }, diagnostics: [{ severity: 'error', code: 'state/still-locked' }] })

  const events = await applied(t, '-json')
  t.match([events.code, events.err], [1, ''])
  const last = events.out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
    .slice(-2)
  t.match(last, [{ type: 'change_summary' }, { type: 'diagnostic', diagnostic: { code: 'state/still-locked' } }])
})
