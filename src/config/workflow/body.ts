import type { Deferred } from '../../artifact/deferred.ts'
import type { NodeSpec, SourceSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import type { Body, Expression } from '../../hcl/ast.ts'
import type { Scope } from '../../hcl/scope.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, optional, required } from '../decode/body.ts'
import { deferredBool } from '../decode/deferred.ts'
import type { BlockSite } from '../decode/site.ts'
import { createDeferredScope } from '../deferred-scope.ts'
import { itemType, loopType, nodeType } from './attributes.ts'
import type { CompiledNode } from './compiled-node.ts'
import type { BodyNames, Exits, NodeDefinition, NodeSite, OpenedBody } from './definition.ts'
import { checkEnds, checkExits, checkGraph } from './graph-checks.ts'
import { inWaitingOrder } from './node-order.ts'
import { createNodeScope, type ReadableNode } from './node-scope.ts'
import { type NodeRegistry, type Outline, type OutlinedNode, ownReferences } from './outline.ts'
import type { NodeReference } from './references.ts'
import { settingsOf } from './settings.ts'
import { sourcesOf } from './sources.ts'

interface CompiledNodes {
  /** In source order; without those that have errors, which were reported. */
  readonly nodes: readonly CompiledNode[]
  /** What comes after the nodes is evaluated here. */
  readonly site: BlockSite
}

/** What the bodies of one workflow have in common. */
interface BodyContext {
  readonly registry: NodeRegistry
  readonly definitions: ReadonlyMap<string, NodeDefinition>
}

/**
 * Compiles the nodes of one body.
 *
 * @param scope the names around the body.
 * @param site of the workflow, or of the node that has the body.
 * @param readers what else reads nodes of this body: an output, the next state of a loop.
 */
export function compileNodes(
  outline: Outline,
  body: Body,
  scope: Scope,
  site: BlockSite,
  readers: readonly NodeReference[],
  context: BodyContext,
): CompiledNodes {
  const ordered = inWaitingOrder(outline, site)
  checkEnds(outline, context.registry, site)
  const readable = new Map<string, ReadableNode | undefined>([...outline.nodes.keys()].map(name => [name, undefined]))
  const compiled = new Map<string, CompiledNode>()
  const siteWith = (isRequired: (name: string) => boolean): BlockSite => {
    const inner = createNodeScope(scope, { nodes: readable, isRequired, registry: context.registry })
    return { ...site, deferred: { ...site.evaluation, scope: inner } }
  }
  const open = siteWith(() => false)
  const edges = decodeEdges(body, open)
  for (const outlined of ordered ?? []) {
    const sources = sourcesOf(outlined, outline, edges)
    const required = new Set(sources.flatMap(({ node, kind }) => (kind === 'required' ? [node] : [])))
    const node = compileNode(
      outlined,
      siteWith(name => required.has(name)),
      sources,
      compiled,
      context,
    )
    if (node === undefined) continue
    readable.set(outlined.name, node)
    compiled.set(outlined.name, node)
  }
  const nodes = [...outline.nodes.keys()].flatMap(name => compiled.get(name) ?? [])
  const isWhole = nodes.length === outline.nodes.size
  if (checkExits(outline, compiled, site) && isWhole) checkGraph([...compiled.values()], readers, context.registry, site)
  return { nodes, site: open }
}

function compileNode(
  outlined: OutlinedNode,
  around: BlockSite,
  sources: readonly SourceSpec[],
  compiled: ReadonlyMap<string, CompiledNode>,
  context: BodyContext,
): CompiledNode | undefined {
  const { block, name, type } = outlined
  const definition = context.definitions.get(type)
  if (definition === undefined) return undefined
  const site = nodeSite(outlined, around, context)
  const before = site.report.errorCount
  const parts = definition.compile(block, site)
  if (parts === undefined) return undefined
  const attributes = nodeType(parts.attributes)
  const settings = settingsOf(block, type, parts, attributes, site)
  if (site.report.errorCount > before) return undefined
  const hasExit = settings.on_error.action === 'exit'
  const exits = hasExit ? { ...parts.exits, exceptional: [...parts.exits.exceptional, 'error'] } : parts.exits
  const { arguments: own, nodes, output } = parts
  return {
    outlined,
    spec: compact({ name, type, sources, ...settings, arguments: compactArguments(own), nodes, output }) as NodeSpec,
    exits,
    type: attributes,
    hasEffect: parts.hasEffect,
    isSkippable: isSkippable(sources, settings.when, exits, compiled),
  }
}

function compactArguments(given: Readonly<Record<string, Deferred | undefined>>): NodeSpec['arguments'] {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, Deferred] => entry[1] !== undefined))
}

/** Whether a reader that does not wait for its success may find nothing there. */
function isSkippable(
  sources: readonly SourceSpec[],
  when: Deferred | undefined,
  { exceptional }: Exits,
  compiled: ReadonlyMap<string, CompiledNode>,
): boolean {
  if (when !== undefined || exceptional.length > 0) return true
  const reading = sources.filter(({ kind }) => kind !== 'after')
  if (reading.some(({ kind }) => kind === 'exit')) return true
  const mayLack = ({ node }: SourceSpec) => compiled.get(node)?.isSkippable !== false
  return reading.some(source => source.kind === 'required' && mayLack(source)) || (reading.length > 0 && reading.every(mayLack))
}

/** `in node "answer" of workflow "support"`; what is read from a file keeps its own words. */
function nodeSite(outlined: OutlinedNode, around: BlockSite, context: BodyContext): NodeSite {
  const { block, name } = outlined
  const where = `in node "${name}" of workflow "${context.registry.workflow}"`
  const report = around.report.within(diagnostic =>
    diagnostic.where !== undefined || diagnostic.subject?.source !== block.range.source ? diagnostic : { ...diagnostic, where },
  )
  const evaluation = { ...around.evaluation, report }
  const deferred = { ...(around.deferred ?? evaluation), report }
  const site: NodeSite = {
    ...around,
    where,
    report,
    evaluation,
    deferred,
    openBody: names => openBody(outlined, names, site, context),
  }
  return site
}

function openBody(outlined: OutlinedNode, names: BodyNames, site: NodeSite, context: BodyContext): OpenedBody | undefined {
  const { block, body } = outlined
  if (body === undefined || body.nodes.size === 0) return undefined
  const [root, type] = 'item' in names ? (['item', itemType(names.item)] as const) : (['loop', loopType(names.loop)] as const)
  const label = root === 'item' ? 'An item of the map' : 'The state of the loop'
  const scope = createDeferredScope(site.deferred.scope, {
    roots: new Map([[root, { label, code: 'config/unknown-attribute', type }]]),
    used: new Set(),
  })
  const before: BlockSite = { ...site, deferred: { ...site.deferred, scope } }
  const compiled = compileNodes(body, block.body, scope, before, ownReferences(block, site.evaluation), context)
  return {
    nodes: compiled.nodes.map(({ spec }) => spec),
    before,
    after: compiled.site,
    hasEffect: compiled.nodes.some(({ hasEffect }) => hasEffect),
  }
}

const untouched: ArgumentDecoder<Expression> = ({ attribute }) => attribute.expression

const edgeBody = {
  arguments: { from: required(untouched), to: required(untouched), when: optional(deferredBool) },
} as const satisfies BodySpec

/** The conditions of edges, by where they are written. */
function decodeEdges(body: Body, site: BlockSite): ReadonlyMap<Expression, Deferred> {
  const conditions = new Map<Expression, Deferred>()
  for (const edge of body.items) {
    if (edge.kind !== 'block' || edge.type !== 'edge') continue
    const decoded = decodeBody(edge.body, edgeBody, site, edge)
    const written = edge.body.items.find(item => item.kind === 'attribute' && item.name === 'when')
    if (decoded?.when !== undefined && decoded.when !== true && written?.kind === 'attribute') {
      conditions.set(written.expression, decoded.when)
    }
  }
  return conditions
}
