import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { builtCli } from '../support/built-cli.ts'
import { matches, parseTranscript, printTranscript, replay, type Transcript } from '../support/transcript.ts'

const update = process.env.UPDATE_TRANSCRIPTS === '1'
const wanted = process.env.TRANSCRIPT
const cli = builtCli()
const names = readdirSync(import.meta.dirname).filter(
  name => name.endsWith('.transcript') && (wanted === undefined || name.includes(wanted)),
)

/** Runs at most as many at once as there are processors; each is a chain of short processes. */
function replayAll(): ReadonlyMap<string, Promise<{ readonly expected: Transcript; readonly actual: Transcript }>> {
  const lanes: Promise<unknown>[] = Array.from({ length: availableParallelism() }, () => Promise.resolve())
  return new Map(
    names.map((name, index) => {
      const expected = parseTranscript(readFileSync(join(import.meta.dirname, name), 'utf8'))
      const lane = index % lanes.length
      const result = (lanes[lane] ?? Promise.resolve()).then(async () => ({ expected, actual: await replay(expected, cli) }))
      lanes[lane] = result.catch(() => undefined)
      return [name, result]
    }),
  )
}

for (const [name, result] of replayAll()) {
  t.test(name, async t => {
    const { expected, actual } = await result
    const exchanges = expected.exchanges.map((exchange, index) => {
      const output = actual.exchanges[index]?.output ?? ''
      return matches(output, exchange.output) ? exchange : { ...exchange, output }
    })
    if (update) {
      writeFileSync(join(import.meta.dirname, name), printTranscript({ head: expected.head, exchanges }))
      t.pass('written; inspect the diff')
      return
    }
    t.ok(expected.exchanges.length > 0, 'the transcript has commands')
    for (const [index, exchange] of expected.exchanges.entries())
      t.equal(exchanges[index]?.output, exchange.output, `$ ${exchange.command}`)
  })
}
