import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { builtCli, projectRoot } from '../support/built-cli.ts'
import { PostgresMissing } from '../support/postgres.ts'
import { matches, parseTranscript, printTranscript, replay, type Transcript } from '../support/transcript.ts'

const update = process.env.UPDATE_TRANSCRIPTS === '1'
const wanted = process.env.TRANSCRIPT ?? ''
const cli = builtCli()

/** Where a conversation is written down. */
interface Place {
  readonly name: string
  read(): string
  write(text: string): void
}

const files = readdirSync(import.meta.dirname)
  .filter(name => name.endsWith('.transcript'))
  .map((name): Place => {
    const path = join(import.meta.dirname, name)
    return { name, read: () => readFileSync(path, 'utf8'), write: text => writeFileSync(path, text) }
  })

/** The conversation of README is one of examples/hello; the answer that a person types is seen in the output there. */
const readme: Place = {
  name: 'README.md',
  read: () => `-- examples/hello/ --\n${consoleBlock().replace('$ flowrun apply\n', '$ flowrun apply\n[type yes]\n')}`,
  write: text => {
    const block = text.replace('-- examples/hello/ --\n', '').replace('[type yes]\n', '')
    writeFileSync(
      join(projectRoot, 'README.md'),
      readmeText().replace(consoleBlock(), () => block),
    )
  },
}

function readmeText(): string {
  return readFileSync(join(projectRoot, 'README.md'), 'utf8')
}

function consoleBlock(): string {
  return /```console\n([\s\S]*?)```/.exec(readmeText())?.[1] ?? ''
}

/** Runs at most as many at once as there are processors; each is a chain of short processes. */
function replayAll(places: readonly Place[]): ReadonlyMap<Place, Promise<{ readonly expected: Transcript; readonly actual: Transcript }>> {
  const lanes: Promise<unknown>[] = Array.from({ length: availableParallelism() }, () => Promise.resolve())
  return new Map(
    places.map((place, index) => {
      const expected = parseTranscript(place.read())
      const lane = index % lanes.length
      const result = (lanes[lane] ?? Promise.resolve()).then(async () => ({ expected, actual: await replay(expected, cli) }))
      lanes[lane] = result.catch(() => undefined)
      return [place, result]
    }),
  )
}

for (const [place, result] of replayAll([...files, readme].filter(({ name }) => name.includes(wanted)))) {
  t.test(place.name, async t => {
    const replayed = await result.catch((error: unknown) => error)
    if (replayed instanceof PostgresMissing) return void t.pass(place.name, { skip: replayed.message })
    const { expected, actual } = await result
    const exchanges = expected.exchanges.map((exchange, index) => {
      const output = actual.exchanges[index]?.output ?? ''
      return matches(output, exchange.output) ? exchange : { ...exchange, output }
    })
    if (update) {
      place.write(printTranscript({ head: expected.head, exchanges }))
      t.pass('written; inspect the diff')
      return
    }
    t.ok(expected.exchanges.length > 0, 'the transcript has commands')
    for (const [index, exchange] of expected.exchanges.entries())
      t.equal(exchanges[index]?.output, exchange.output, `$ ${exchange.command}`)
  })
}
