import type { Closure, ClosureMember } from '../../../src/artifact/closure.ts'
import { createFlows } from '../../../src/engine/flows.ts'
import { loadSchemaValidator } from '../../../src/engine/schema-validator.ts'
import { openEngine, submission, succeed } from '../../support/runs.ts'
import { graphOfCase, language } from '../../support/workflow-case.ts'
import { inStore } from './store.ts'

const ITEMS = 10_000
/** Half of a kilobyte: the list of results stays below the most that a run keeps of one value. */
const RESULT = { output: 'x'.repeat(500) }

export interface MapFigures {
  readonly items: number
  readonly ms: number
  readonly cpuMs: number
  /** Grown by the run, in bytes: the list of results among it. */
  readonly grownBytes: number
}

/** One run of a workflow with a map over many items, one tool call each: what `flowrun run` executes, but for the call itself. */
export async function measureMap(): Promise<MapFigures> {
  const flows = createFlows({ language, validator: await loadSchemaValidator() })
  const call = { name: 'call', type: 'tool', arguments: { with: { text: { $expr: 'item.value' } } } } as const
  const each = {
    name: 'each',
    type: 'map',
    arguments: { items: { $expr: 'input.items' }, concurrency: 100, max_items: ITEMS },
    nodes: [call],
    output: { $expr: 'node.call.output' },
  } as const
  const spec = graphOfCase({ nodes: [each], output: { $expr: 'length(node.each.output)' }, max_steps: 100_000 })
  const member = { digest: 'sha256:0', artifact: { kind: 'workflow', spec } } as unknown as ClosureMember
  const closure: Closure = { address: 'workflow.w', members: new Map([['workflow.w', member]]) }
  const input = { items: Array.from({ length: ITEMS }, (_, index) => `item ${index}`) }
  return inStore(async store => {
    const engine = openEngine(store, async () => succeed(RESULT), { flows })
    const { run } = await engine.submit({ ...submission({ rows: [] }), closure, input })
    const before = process.memoryUsage.rss()
    const cpu = process.cpuUsage()
    const began = performance.now()
    const ended = await engine.run(run.id)
    const ms = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    const grownBytes = process.memoryUsage.rss() - before
    await engine.drain(0)
    if (ended?.output !== ITEMS)
      throw new Error(`The map gave ${JSON.stringify(ended?.output ?? ended?.error)} instead of ${ITEMS} results`)
    return { items: ITEMS, ms, cpuMs: (user + system) / 1000, grownBytes }
  })
}
