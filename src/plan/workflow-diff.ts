import type { Reference } from '../artifact/deferred.ts'
import type { NodeSpec, WorkflowSpec } from '../artifact/workflow.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import { diffSchemas, diffValues, isSame, type ValueChange } from './value-diff.ts'

/** What differs between two graphs: settings and types, then nodes by their names, whatever their order. */
export function diffWorkflows(before: WorkflowSpec | undefined, after: WorkflowSpec | undefined): readonly ValueChange[] {
  return [
    ...diffValues(settingsOf(before), settingsOf(after)),
    ...diffValues(before?.output?.value as JsonValue | undefined, after?.output?.value as JsonValue | undefined, 'output.value'),
    ...diffSchemas(before?.input, after?.input, 'input'),
    ...diffSchemas(before?.output?.schema, after?.output?.schema, 'output'),
    ...(before && after ? diffNodes(before, after) : []),
  ]
}

/** `guard.untrusted`, `3 routes`: what a node is about, in a word or two. */
export function nodeSummary({ type, arguments: given, nodes = [] }: NodeSpec): string {
  const { prompt, tool, flow, guard, routes, signal } = given as Readonly<Record<string, JsonValue | undefined>>
  const called = [prompt, tool, flow, guard].find(value => isJsonObject(value) && typeof value.$ref === 'string')
  if (called !== undefined) return `${type} ${(called as unknown as Reference).$ref}`
  if (Array.isArray(routes)) return `${type} with ${counted(routes.length, 'route')}`
  if (typeof signal === 'string') return `${type} for "${signal}"`
  return nodes.length === 0 ? type : `${type} of ${nodes.map(({ name }) => name).join(', ')}`
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** All nodes, those of a body after its owner. */
export function allNodes(nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  return nodes.flatMap(node => [node, ...allNodes(node.nodes ?? [])])
}

function settingsOf(spec: WorkflowSpec | undefined): JsonObject {
  if (spec === undefined) return {}
  const { nodes: _nodes, input: _input, output: _output, ...settings } = spec
  return settings as unknown as JsonObject
}

function diffNodes(before: WorkflowSpec, after: WorkflowSpec): readonly ValueChange[] {
  const [old, now] = [byName(before), byName(after)]
  const names = [...now.keys(), ...[...old.keys()].filter(name => !now.has(name))]
  const changes = names.flatMap(name => diffNode(name, old.get(name), now.get(name)))
  const orders = [old, now].map(nodes => [...nodes.keys()]) as readonly JsonValue[]
  // What is left differs in the order alone, which changes the digest, so it is said.
  return changes.length === 0 && !isSame(orders[0], orders[1])
    ? [{ path: 'order of nodes', before: orders[0] ?? [], after: orders[1] ?? [] }]
    : changes
}

function byName({ nodes }: WorkflowSpec): ReadonlyMap<string, NodeSpec> {
  return new Map(allNodes(nodes).map(node => [node.name, node]))
}

function diffNode(name: string, before: NodeSpec | undefined, after: NodeSpec | undefined): readonly ValueChange[] {
  const path = `node.${name}`
  if (before && after && before.type === after.type) return diffValues(viewOf(before), viewOf(after), path)
  return [{ path, ...(before && { before: nodeSummary(before) }), ...(after && { after: nodeSummary(after) }), isType: true }]
}

/** A node as it is written: what follows from its expressions is left out. */
function viewOf({ name: _name, type: _type, sources, arguments: given, nodes: _nodes, ...others }: NodeSpec): JsonObject {
  const ways = sources.flatMap(({ kind, node, exit, when }) =>
    kind === 'exit'
      ? [{ from: exit === undefined ? `node.${node}` : `exit.${node}.${exit}`, ...(when === undefined ? {} : { when }) }]
      : [],
  )
  const plain = ways.filter(({ when }) => when === undefined).map(({ from }) => from)
  const edges = ways.filter(({ when }) => when !== undefined)
  const after = sources.flatMap(({ kind, node }) => (kind === 'after' ? [`node.${node}`] : []))
  return {
    ...(plain.length > 0 && { on: plain }),
    ...(edges.length > 0 && { edge: edges }),
    ...(after.length > 0 && { after }),
    ...byLabels(given),
    ...others,
  } as unknown as JsonObject
}

/** Routes and actions have names: `route.billing.when` says more than a number. */
function byLabels({ routes, actions, ...others }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const named = (list: unknown) =>
    Object.fromEntries((list as readonly { readonly name: string }[]).map(({ name, ...rest }) => [name, rest]))
  return { ...others, ...(Array.isArray(routes) && { route: named(routes) }), ...(Array.isArray(actions) && { action: named(actions) }) }
}
