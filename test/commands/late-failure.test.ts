import t, { type Test } from 'tap'
import { prompt } from '../support/configuration.ts'
import { type StateRequest, startStateServer } from '../support/state-server.ts'
import { typeCommand } from '../support/typed-command.ts'

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
  return typeCommand(directory, ['apply', '--yes', ...words])
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
