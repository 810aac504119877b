import type { NodeSpec, WorkflowSpec } from '../../artifact/workflow.ts'
import type { StepError } from './command.ts'

/**
 * Whether a failed attempt of a node is followed by another (STEP-6): exponential from `initial` up to `max`. It is for the
 * engine to make the time durable; the interpretation is told of the last attempt alone.
 *
 * @param attempt the number of the attempt that failed, from 1.
 * @returns the delay in milliseconds; undefined when that was the last one.
 */
export function retryAfter({ retry }: Pick<NodeSpec, 'retry'>, attempt: number, error: StepError): number | undefined {
  if (retry === undefined || attempt >= retry.max_attempts) return undefined
  const isWanted = retry.on === undefined ? error.retryable : matchesCode(retry.on, error.code)
  return isWanted ? Math.min(retry.initial_ms * 2 ** (attempt - 1), retry.max_ms) : undefined
}

/** @param patterns codes; `*` at the end stands for any. */
export function matchesCode(patterns: readonly string[], code: string): boolean {
  return patterns.some(pattern => (pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern))
}

/** The node that a command names: names are unique in a workflow, bodies included. */
export function nodeNamed(graph: Pick<WorkflowSpec, 'nodes'>, name: string): NodeSpec | undefined {
  for (const node of graph.nodes) {
    const found = node.name === name ? node : node.nodes && nodeNamed({ nodes: node.nodes }, name)
    if (found) return found
  }
  return undefined
}
