import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'
import type { JsonValue } from '../../src/base/json.ts'
import { createInterpretation } from '../../src/engine/interpreter/interpreter.ts'
import {
  closureOf,
  commandLines,
  drive,
  type Expectation,
  factsOf,
  graphOfCase,
  inFlight,
  type Journal,
  scriptOf,
  settingsOf,
  type WorkflowCase,
} from '../support/workflow-case.ts'

const folder = join(import.meta.dirname, 'workflows')
const isUpdating = process.env.UPDATE_WORKFLOWS === '1'
let count = 0

for (const file of globSync('*.json', { cwd: folder }).sort()) {
  const path = join(folder, file)
  const cases = JSON.parse(readFileSync(path, 'utf8')) as readonly WorkflowCase[]
  t.test(basename(file, '.json'), t => {
    count += cases.length
    const seen = cases.map(one => {
      const settings = settingsOf(graphOfCase(one.graph), factsOf(one), closureOf(one.closure))
      const journal = drive(settings, scriptOf(one.steps))
      const found = foundOf(journal, one.expect)
      if (!isUpdating) {
        t.same(found, one.expect, one.name)
        t.same(replayed(one, journal), [], `DET-7: ${one.name}, from each step on`)
      }
      return { ...one, expect: found }
    })
    if (isUpdating) writeFileSync(path, `[\n${seen.map(caseText).join(',\n')}\n]\n`)
    t.end()
  })
}

t.test('there are enough of them', t => {
  t.ok(count >= 80, `${count} workflows`)
  t.end()
})

/** A line for each part of a case: short enough to read, long enough to compare. */
function caseText(one: WorkflowCase): string {
  return `  { ${Object.entries(one)
    .map(([key, value]) => `"${key}": ${text(value)}`)
    .join(',\n    ')} }`
}

/** What came of a run, as far as its case looks at it. */
function foundOf(journal: Journal, wanted: Partial<Expectation>): Expectation {
  const { outcome, interpretation, commands } = journal
  const nodes = new Map(
    interpretation.nodes().map(({ path, status, exit, reason }) => [path, [status, exit ?? reason].filter(Boolean).join(': ')]),
  )
  const error = outcome?.state === 'failed' ? outcome.error : undefined
  return {
    commands: commandLines(journal),
    ...(outcome?.state === 'succeeded' && { output: outcome.output }),
    ...(error && {
      error: {
        code: error.code,
        ...(error.path !== undefined && { path: error.path }),
        ...(wanted.error?.message !== undefined && { message: error.message }),
      },
    }),
    ...(wanted.nodes && { nodes: picked(wanted.nodes, nodes) }),
    ...(wanted.asked && { asked: picked(wanted.asked, commands) as Expectation['asked'] & {} }),
  }
}

function picked<V>(wanted: object, found: ReadonlyMap<string, V>): Readonly<Record<string, V>> {
  return Object.fromEntries(Object.keys(wanted).map(key => [key, found.get(key) as V]))
}

/** How runs that go on from a part of the journal differ from the one that was not interrupted. */
function replayed(one: WorkflowCase, whole: Journal): readonly string[] {
  const settings = settingsOf(graphOfCase(one.graph), factsOf(one), closureOf(one.closure))
  const times = new Map(whole.entries.map(({ path, atMs }) => [path, atMs]))
  const differences: string[] = []
  for (let length = 0; length <= whole.entries.length; length++) {
    const former = whole.entries.slice(0, length)
    const again = drive(settings, scriptOf(one.steps), { former: former.toReversed(), begun: inFlight(whole, length), times })
    if (text(again.outcome) !== text(whole.outcome)) differences.push(`after ${length}: ${text(again.outcome)}`)
  }
  const backwards = createInterpretation(settings)
  for (const { path, outcome, atMs } of whole.entries.toReversed()) backwards.settle(path, outcome, atMs)
  if (text(backwards.outcome) !== text(whole.outcome)) differences.push(`backwards: ${text(backwards.outcome)}`)
  return differences
}

function text(value: unknown): string {
  return JSON.stringify(value as JsonValue)
}
