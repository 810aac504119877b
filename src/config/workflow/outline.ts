import { NODE_TYPES, type NodeType } from '../../artifact/workflow.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { Attribute, Block, BlockLabel, Body } from '../../hcl/ast.ts'
import type { EvaluationContext } from '../../hcl/function.ts'
import { attributesOf } from '../../hcl/walk.ts'
import { checkLabels, near } from '../decode/body.ts'
import { checkName } from '../decode/name.ts'
import type { BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'
import { type NodeReference, nodeReferences } from './references.ts'
import { readTriggers, type Trigger } from './triggers.ts'

/** Nodes of one workflow, bodies included. */
const MAX_NODES = 500
/** Bodies inside of each other. */
const MAX_BODY_DEPTH = 8
/** Named in the documentation, and not built. */
const LATER_TYPES: readonly string[] = ['agent', 'vector_search', 'memory', 'slots']
const HAVE_BODIES: readonly NodeType[] = ['map', 'loop']

/** The nodes of one body and what they wait for, read before anything is evaluated: the types of values follow from it. */
export interface Outline {
  /** By name, in source order. */
  readonly nodes: ReadonlyMap<string, OutlinedNode>
  /** Where edges lead that lead to none of them. */
  readonly strays: readonly Trigger[]
}

export interface OutlinedNode {
  readonly name: string
  readonly type: NodeType
  readonly block: Block
  /** Nodes that it or its body reads, those of its body left out. */
  readonly references: readonly NodeReference[]
  /** Of `on`, and of the edges that lead here. */
  readonly triggers: readonly Trigger[]
  /** Of `after`. */
  readonly after: readonly Trigger[]
  readonly body?: Outline
}

/** All nodes of a workflow: names are unique in all of it. */
export interface NodeRegistry {
  readonly workflow: string
  /** The place of each, and the node whose body it stands in. */
  readonly places: Map<string, { readonly label: BlockLabel; readonly owner: string | undefined }>
}

/** What is wrong was reported, and the node left out. */
export function outlineOf(body: Body, site: BlockSite, registry: NodeRegistry, owner?: string, depth = 0): Outline {
  const nodes = new Map<string, OutlinedNode>()
  for (const block of nodeBlocks(body)) {
    const outlined = outlinedNode(block, site, registry, owner, depth)
    if (outlined) nodes.set(outlined.name, outlined)
  }
  const edges = body.items.filter(item => item.kind === 'block' && item.type === 'edge')
  return { nodes, strays: edges.flatMap(edge => (edge.kind === 'block' ? addEdge(edge, nodes, site) : [])) }
}

export function nodeBlocks(body: Body): readonly Block[] {
  return body.items.filter((item): item is Block => item.kind === 'block' && item.type === 'node')
}

function outlinedNode(
  block: Block,
  site: BlockSite,
  registry: NodeRegistry,
  owner: string | undefined,
  depth: number,
): OutlinedNode | undefined {
  const [typeLabel, label] = block.labels
  if (!checkLabels(block, ['type', 'name'], site) || typeLabel === undefined || label === undefined) return undefined
  const type = nodeTypeOf(typeLabel, site)
  if (type === undefined || !checkName(label, site.report) || !register(label, owner, site, registry)) return undefined
  const hasBody = HAVE_BODIES.includes(type)
  if (hasBody && depth >= MAX_BODY_DEPTH) return tooDeep(block, site)
  const body = hasBody ? outlineOf(block.body, site, registry, label.text, depth + 1) : undefined
  const inner = new Set([...registry.places].flatMap(([name, place]) => (isInside(place.owner, label.text, registry) ? [name] : [])))
  return {
    name: label.text,
    type,
    block,
    references: referencesIn(block, site.evaluation).filter(({ node }) => !inner.has(node)),
    triggers: readTriggers(findAttribute(block, 'on'), site),
    after: readTriggers(findAttribute(block, 'after'), site),
    ...(body && { body }),
  }
}

function isInside(owner: string | undefined, name: string, registry: NodeRegistry): boolean {
  return owner !== undefined && (owner === name || isInside(registry.places.get(owner)?.owner, name, registry))
}

/** References in all arguments of a node, those of its body too, but for what says when nodes of the body start. */
function referencesIn(block: Block, context: EvaluationContext): readonly NodeReference[] {
  return [...ownReferences(block, context), ...nodeBlocks(block.body).flatMap(inner => referencesIn(inner, context))]
}

/** Without those of the nodes in its body. */
export function ownReferences(block: Block, context: EvaluationContext): readonly NodeReference[] {
  return block.body.items.flatMap(item => {
    if (item.kind === 'block') return item.type === 'node' ? [] : referencesOfBlock(item, context)
    return item.name === 'on' || item.name === 'after' ? [] : nodeReferences(item.expression, context)
  })
}

function referencesOfBlock(block: Block, context: EvaluationContext): readonly NodeReference[] {
  const isEdge = block.type === 'edge'
  return [...attributesOf(block.body)].flatMap(({ name, expression }) =>
    isEdge && name !== 'when' ? [] : nodeReferences(expression, context),
  )
}

function nodeTypeOf(label: BlockLabel, site: BlockSite): NodeType | undefined {
  const found = NODE_TYPES.find(type => type === label.text)
  if (found !== undefined) return found
  const types = [...NODE_TYPES].sort()
  site.report.error({
    code: 'config/not-one-of',
    summary: LATER_TYPES.includes(label.text)
      ? `Nodes of the type "${label.text}" are not supported yet`
      : `"${label.text}" is not a type of node`,
    detail: `It may be ${enumerate(types, 'or')}.`,
    subject: label.range,
    where: site.where,
    ...near(label.text, types),
  })
  return undefined
}

function register(label: BlockLabel, owner: string | undefined, site: BlockSite, { places, workflow }: NodeRegistry): boolean {
  const first = places.get(label.text)
  if (first) {
    site.report.error({
      code: 'config/duplicate-block',
      summary: `Workflow "${workflow}" has two nodes "${label.text}"`,
      detail: 'Rename one of them: names are unique in a workflow, those in bodies included.',
      subject: label.range,
      where: site.where,
      related: [{ range: first.label.range, message: 'the first one' }],
    })
    return false
  }
  places.set(label.text, { label, owner })
  if (places.size !== MAX_NODES + 1) return true
  site.report.error({
    code: 'workflow/too-large',
    summary: `Workflow "${workflow}" has more than ${MAX_NODES} nodes`,
    detail: 'Move a part of it into a workflow of its own, and call that with node "flow".',
    subject: label.range,
    where: site.where,
  })
  return false
}

function tooDeep(block: Block, site: BlockSite): undefined {
  site.report.error({
    code: 'workflow/too-large',
    summary: `Bodies are nested more than ${MAX_BODY_DEPTH} deep`,
    detail: 'Move the inner ones into a workflow of its own, and call that with node "flow".',
    subject: block.headerRange,
    where: site.where,
  })
  return undefined
}

/**
 * An edge is the same as `on` in the node that it leads to.
 *
 * @returns where it leads, if that is not a node of the body.
 */
function addEdge(block: Block, nodes: Map<string, OutlinedNode>, site: BlockSite): readonly Trigger[] {
  const when = findAttribute(block, 'when')
  const ends = [findAttribute(block, 'from'), findAttribute(block, 'to')].map(end => readTriggers(end && single(end), site))
  const [[from] = [], [to] = []] = ends
  const target = to && nodes.get(to.node)
  if (to === undefined || target === undefined) return to === undefined ? [] : [to]
  if (from === undefined) return []
  const read = when ? nodeReferences(when.expression, site.evaluation) : []
  nodes.set(target.name, {
    ...target,
    references: [...target.references, ...read.map((reference): NodeReference => ({ ...reference, kind: 'optional' }))],
    triggers: [...target.triggers, { ...from, ...(when && { when }) }],
  })
  return []
}

/** `from = exit.a.b` reads like a list of one. */
function single(attribute: Attribute): Attribute {
  return { ...attribute, expression: { kind: 'tuple', items: [attribute.expression], range: attribute.expression.range } }
}
