import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import type { WorkflowSpec } from '../../src/artifact/workflow.ts'
import type { RunOutcome } from '../../src/engine/interpreter/command.ts'
import type { RunFacts } from '../../src/engine/interpreter/interpretation.ts'
import { createInterpretation } from '../../src/engine/interpreter/interpreter.ts'
import { INTERPRETER_SEMANTICS, SUPPORTED_SEMANTICS } from '../../src/engine/interpreter/semantics.ts'
import {
  closureOf,
  drive,
  factsOf,
  graphOfCase,
  type JournalEntry,
  lineOf,
  scriptOf,
  settingsOf,
  type WorkflowCase,
} from '../support/workflow-case.ts'

/** A run as an interpreter of some semantics went through it. It is never changed: that is what it is for (DET-5). */
interface RecordedRun {
  readonly name: string
  readonly graph: WorkflowSpec
  readonly closure?: WorkflowCase['closure']
  readonly facts: RunFacts
  readonly first: readonly string[]
  readonly entries: readonly JournalEntry[]
  readonly outcome: RunOutcome | null
}

const folder = join(import.meta.dirname, 'journals')

if (process.env.RECORD_JOURNALS === '1') record()

t.test('every semantics that is supported has a corpus', t => {
  for (const number of SUPPORTED_SEMANTICS) t.ok(existsSync(join(folder, String(number))), `semantics ${number}`)
  t.end()
})

for (const path of globSync('*/*.json', { cwd: folder }).sort()) {
  const runs = JSON.parse(readFileSync(join(folder, path), 'utf8')) as readonly RecordedRun[]
  t.test(`DET-5, VER-4: journals of ${path} mean what they meant`, t => {
    for (const run of runs) {
      t.same(stepByStep(run), { first: run.first, asked: run.entries.map(({ asked }) => asked), outcome: run.outcome }, run.name)
      t.same(atOnce(run), { started: [], outcome: run.outcome }, `${run.name}: all at once`)
    }
    t.end()
  })
}

/** What becomes due by each step, as it did when it was recorded. */
function stepByStep({ graph, facts, closure, entries }: RecordedRun) {
  const interpretation = createInterpretation(settingsOf(graph, facts, closureOf(closure)))
  const take = () => interpretation.take().map(lineOf)
  const first = take()
  const asked = entries.map(({ path, outcome, atMs }) => {
    interpretation.settle(path, outcome, atMs)
    return take()
  })
  return { first, asked, outcome: interpretation.outcome ?? null }
}

/** The whole journal, backwards: nothing is asked for again. */
function atOnce({ graph, facts, closure, entries }: RecordedRun) {
  const interpretation = createInterpretation(settingsOf(graph, facts, closureOf(closure)))
  for (const { path, outcome, atMs } of entries.toReversed()) interpretation.settle(path, outcome, atMs)
  const started = interpretation.take().map(lineOf)
  return { started, outcome: interpretation.outcome ?? null }
}

/** Adds journals of workflows that have none; those that are there stay as they are. */
function record(): void {
  const target = join(folder, String(INTERPRETER_SEMANTICS))
  mkdirSync(target, { recursive: true })
  for (const path of globSync('*.json', { cwd: join(import.meta.dirname, 'workflows') })) {
    const file = join(target, basename(path))
    const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as readonly RecordedRun[]) : []
    const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'workflows', path), 'utf8')) as readonly WorkflowCase[]
    const added = cases.filter(({ name }) => !known.some(run => run.name === name)).map(recorded)
    writeFileSync(file, `[\n${[...known, ...added].map(run => JSON.stringify(run)).join(',\n')}\n]\n`)
  }
}

function recorded(one: WorkflowCase): RecordedRun {
  const graph = graphOfCase(one.graph)
  const facts = factsOf(one)
  const { first, entries, outcome } = drive(settingsOf(graph, facts, closureOf(one.closure)), scriptOf(one.steps))
  return { name: one.name, graph, ...(one.closure && { closure: one.closure }), facts, first, entries, outcome: outcome ?? null }
}
