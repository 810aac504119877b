import { enumerate } from '../../base/enumerate.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import { near } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import type { CompiledNode } from './compiled-node.ts'
import { reportUnknownNode } from './node-scope.ts'
import type { NodeRegistry, Outline, OutlinedNode } from './outline.ts'
import { checkReachability } from './reachability.ts'
import type { NodeReference } from './references.ts'
import type { Trigger } from './triggers.ts'

/** Both ends of `on`, `after` and edges are nodes of the body. */
export function checkEnds({ nodes, strays }: Outline, registry: NodeRegistry, site: BlockSite): void {
  const ends = [...nodes.values()].flatMap(({ triggers, after }) => [...triggers, ...after])
  for (const { node, range } of [...ends, ...strays]) {
    if (nodes.has(node)) continue
    const place = registry.places.get(node)
    if (place === undefined || isBelow(place.owner, nodes, registry)) reportUnknownNode(node, range, registry, site.report)
    else reportAround(node, range, site)
  }
}

/** In the body of one of these nodes, however deep. */
function isBelow(owner: string | undefined, nodes: Outline['nodes'], registry: NodeRegistry): boolean {
  return owner !== undefined && (nodes.has(owner) || isBelow(registry.places.get(owner)?.owner, nodes, registry))
}

function reportAround(node: string, subject: SourceRange, site: BlockSite): void {
  site.report.error({
    code: 'workflow/unknown-node',
    summary: `Node "${node}" does not stand in this body`,
    detail: '"on", "after" and edges connect the nodes of one body. What stands around a body is finished before it begins.',
    subject,
    where: site.where,
    address: site.address,
  })
}

/**
 * What is wrong with a graph whose nodes are all right.
 *
 * @param nodes after those that they wait for.
 * @param readers what else reads them.
 */
export function checkGraph(
  nodes: readonly CompiledNode[],
  readers: readonly NodeReference[],
  registry: NodeRegistry,
  site: BlockSite,
): void {
  const names = new Map(nodes.map(({ outlined }) => [outlined.name, outlined]))
  // Who means one of these nodes and names another does not make it a dead end as well.
  const isStray = ({ node }: NodeReference) => {
    const place = registry.places.get(node)
    return place === undefined || isBelow(place.owner, names, registry)
  }
  if (checkReachability(nodes, registry.workflow, site) && !readers.some(isStray)) checkUses(nodes, readers, site)
}

/** Every exit that a node waits for is one of the other node; what has errors of its own may have it. */
export function checkExits({ nodes }: Outline, compiled: ReadonlyMap<string, CompiledNode>, site: BlockSite): boolean {
  const wrong = [...nodes.values()].flatMap(({ triggers }) => triggers.filter(trigger => !hasExit(compiled.get(trigger.node), trigger)))
  for (const trigger of wrong) reportUnknownExit(trigger, compiled.get(trigger.node), site)
  return wrong.length === 0
}

function hasExit(node: CompiledNode | undefined, { exit }: Trigger): boolean {
  return node === undefined || exit === undefined || exitNames(node).includes(exit)
}

function exitNames(node: CompiledNode | undefined): readonly string[] {
  return node === undefined ? [] : [...node.exits.ordinary, ...node.exits.exceptional]
}

function reportUnknownExit({ node: name, exit = '', range }: Trigger, node: CompiledNode | undefined, site: BlockSite): void {
  const exits = exitNames(node)
  const needsPolicy = exit === 'error' && !exits.includes('error')
  site.report.error({
    code: 'workflow/unknown-exit',
    summary: `Node "${name}" has no exit "${exit}"`,
    detail: needsPolicy
      ? `It has one where it says so: on_error { action = "exit" }. Its exits are ${enumerate(exits, 'and')}.`
      : exits.length === 1
        ? `Its only exit is ${exits[0]}.`
        : `Its exits are ${enumerate(exits, 'and')}.`,
    subject: range,
    where: site.where,
    address: site.address,
    ...(node ? { related: [{ range: node.outlined.block.headerRange, message: `node "${name}" is declared here` }] } : {}),
    ...near(exit, exits, `exit.${name}.`),
  })
}

/** Who reads each node, and where what. */
interface Use {
  readonly attribute: string | undefined
  readonly exit: string | undefined
  readonly isOrder: boolean
}

function checkUses(nodes: readonly CompiledNode[], readers: readonly NodeReference[], site: BlockSite): void {
  const uses = new Map<string, Use[]>()
  const add = (node: string, use: Use) => uses.set(node, [...(uses.get(node) ?? []), use])
  const read = ({ node, attribute }: NodeReference) => add(node, { attribute, exit: undefined, isOrder: false })
  for (const { outlined } of nodes) {
    outlined.references.forEach(read)
    for (const { node, exit } of outlined.triggers) add(node, { attribute: undefined, exit: exit ?? 'done', isOrder: false })
    for (const { node } of outlined.after) add(node, { attribute: undefined, exit: undefined, isOrder: true })
  }
  readers.forEach(read)
  for (const node of nodes) {
    const { name, type } = node.outlined
    const found = uses.get(name) ?? []
    const decides = type === 'router' || (type === 'approval' && node.exits.ordinary.length > 1)
    if (decides && !found.some(use => readsDecision(use))) reportUnusedExit(node, site)
    else if (!decides && found.length === 0 && !node.hasEffect) reportDeadEnd(node.outlined, site)
  }
}

/** What tells which way a router or a person went. */
const DECISIONS: readonly string[] = ['route', 'action', 'exit', 'matched']

function readsDecision({ attribute, exit, isOrder }: Use): boolean {
  if (isOrder) return false
  return exit !== undefined || attribute === undefined || DECISIONS.includes(attribute)
}

function reportUnusedExit({ outlined: { name, type, block }, exits }: CompiledNode, site: BlockSite): void {
  const what = type === 'router' ? 'route' : 'action'
  site.report.error({
    code: 'workflow/unused-exit',
    summary: `Nothing depends on the ${what} that node "${name}" takes`,
    detail: `No node waits for one of its exits, which are ${enumerate(exits.ordinary, 'and')}, and nothing reads node.${name}.${what}. Add on = [exit.${name}.${exits.ordinary[0]}] to a node, or remove this one.`,
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function reportDeadEnd({ name, block }: OutlinedNode, site: BlockSite): void {
  site.report.error({
    code: 'workflow/dead-end',
    summary: `Node "${name}" leads nowhere`,
    detail:
      'Nothing reads it, no node waits for it, and it does nothing outside of the run. Read it in another node or in the output, or remove it.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}
