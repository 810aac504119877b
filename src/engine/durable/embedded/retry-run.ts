import type { NodeSpec } from '../../../artifact/workflow.ts'
import type { StepRecord } from '../record-store.ts'

/** Records that a retry keeps: those of nodes that neither are the chosen one nor depend on it; failures never (RUN-5). */
export function keptSteps(nodes: readonly NodeSpec[], steps: readonly StepRecord[], from: string | undefined): readonly StepRecord[] {
  const again = from === undefined ? new Set<string>() : dependents(nodes, from)
  return steps.filter(({ path, outcome }) => outcome.status === 'succeeded' && !again.has(nodeOf(path)))
}

/** The node of the graph that a step belongs to: `pages` of `pages[17].extract`. */
function nodeOf(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path
}

function dependents(nodes: readonly NodeSpec[], from: string): ReadonlySet<string> {
  const found = new Set([from])
  for (let size = 0; size !== found.size; ) {
    size = found.size
    for (const { name, sources } of nodes) if (sources.some(({ node }) => found.has(node))) found.add(name)
  }
  return found
}
