import type { Deferred } from '../../artifact/deferred.ts'
import type { SourceSpec } from '../../artifact/workflow.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { JsonValue } from '../../base/json.ts'
import { kindText, NodeFailure } from './behaviour.ts'
import { type NodeState, stateIn } from './frame.ts'

/**
 * Whether a node whose sources are all decided runs (blocks.md 4.1).
 *
 * @returns why it is skipped; undefined: it runs.
 * @throws what evaluating a `when` throws.
 */
export function skipReason(state: NodeState, evaluate: (deferred: Deferred) => JsonValue): string | undefined {
  const { frame, node } = state
  const sources = node.spec.sources.flatMap(source => {
    const from = stateIn(frame, source.node)
    return from ? [{ source, from }] : []
  })
  const choices = sources.filter(({ source }) => source.kind === 'exit')
  const isOn = choices.some(({ source, from }) => isTaken(source, from) && holds(source.when, evaluate))
  if (choices.length > 0 && !isOn) return `not on ${enumerate([...new Set(choices.map(choiceText))], 'or')}`
  const missing = sources.find(({ source, from }) => source.kind === 'required' && !gives(from, state))
  if (missing) return `${missing.from.node.spec.name} ${lackText(missing.from)}`
  const values = sources.filter(({ source }) => source.kind !== 'after')
  if (values.length > 0 && !values.some(({ from }) => gives(from, state)))
    return `nothing of ${enumerate([...new Set(values.map(({ from }) => from.node.spec.name))], 'or')} is there`
  return holds(node.spec.when, evaluate) ? undefined : 'its condition does not hold'
}

/** Whether the exit of `on`, or of an edge, is the one that the node left by; without a name any ordinary one. */
function isTaken({ exit }: SourceSpec, from: NodeState): boolean {
  if (from.status === 'skipped') return false
  return exit === undefined ? !from.isExceptional : from.exit === exit
}

/** Whether a node has values for another: it ran, and left by an ordinary exit, or by one that the other is on. */
export function gives(from: NodeState, reader: NodeState | undefined): boolean {
  if (from.status === 'skipped') return false
  return !from.isExceptional || (reader !== undefined && isOnExitOf(reader, from))
}

function isOnExitOf(reader: NodeState, from: NodeState): boolean {
  return reader.node.spec.sources.some(({ node, kind, exit }) => kind === 'exit' && node === from.node.spec.name && exit === from.exit)
}

function holds(when: Deferred | undefined, evaluate: (deferred: Deferred) => JsonValue): boolean {
  return when === undefined || asCondition(evaluate(when), '"when"')
}

/** @throws NodeFailure on what is neither true nor false. */
export function asCondition(value: JsonValue, what: string): boolean {
  if (typeof value === 'boolean') return value
  throw new NodeFailure('run/expression-failed', `${what} is ${kindText(value)}, and a condition is either true or false`)
}

function choiceText({ source: { node, exit }, from }: { readonly source: SourceSpec; readonly from: NodeState }): string {
  if (exit === undefined) return node
  return from.node.spec.type === 'router' ? `route ${exit}` : `exit ${exit} of ${node}`
}

function lackText(from: NodeState): string {
  return from.status === 'skipped' ? 'was skipped' : `left by ${from.exit}`
}
