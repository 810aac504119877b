import type { NodeSpec } from '../../../artifact/workflow.ts'
import { canonicalJson } from '../../../base/canonical-json.ts'
import type { JsonValue } from '../../../base/json.ts'
import type { StepRecord } from '../record-store.ts'

/**
 * Records that a retry keeps: those of nodes that neither are the chosen one, nor have changed since, nor depend on such a
 * node; failures never (RUN-5).
 *
 * @param former the nodes as they were when the records were made.
 */
export function keptSteps(
  nodes: readonly NodeSpec[],
  former: readonly NodeSpec[],
  steps: readonly StepRecord[],
  from: string | undefined,
): readonly StepRecord[] {
  const changed = nodes === former ? [] : changedNodes(nodes, former)
  const again = dependents(nodes, from === undefined ? changed : [from, ...changed])
  return steps.filter(({ path, outcome }) => outcome.status === 'succeeded' && !again.has(nodeOf(path)))
}

/** Those that are new or written in another way, and those that are gone. */
function changedNodes(nodes: readonly NodeSpec[], former: readonly NodeSpec[]): readonly string[] {
  const texts = (specs: readonly NodeSpec[]) => new Map(specs.map(spec => [spec.name, canonicalJson(spec as unknown as JsonValue)]))
  const [now, before] = [texts(nodes), texts(former)]
  return [...new Set([...now.keys(), ...before.keys()])].filter(name => now.get(name) !== before.get(name))
}

/** The node of the graph that a step belongs to: `pages` of `pages[17].extract`. */
function nodeOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path
}

function dependents(nodes: readonly NodeSpec[], from: readonly string[]): ReadonlySet<string> {
  const found = new Set(from)
  for (let size = 0; size !== found.size; ) {
    size = found.size
    for (const { name, sources } of nodes) if (sources.some(({ node }) => found.has(node))) found.add(name)
  }
  return found
}
