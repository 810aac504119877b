import { enumerate } from '../../base/enumerate.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { BlockSite } from '../decode/site.ts'
import type { CompiledNode } from './compiled-node.ts'
import type { NodeReference } from './references.ts'

/**
 * Exits by which nodes must have left where a node runs: an over-approximation, for alternatives are joined node by node.
 * What it finds impossible is impossible; it costs nodes × sources × nodes, and no enumeration of ways through the graph.
 */
type Condition = ReadonlyMap<string, ReadonlySet<string>>

type Met = { readonly condition: Condition } | { readonly conflict: string }

const ALWAYS: Condition = new Map()

/**
 * Finds nodes that no set of exits runs (blocks.md 4.1, `workflow/unreachable` and `workflow/exclusive-sources`).
 *
 * @param nodes after those that they wait for.
 * @returns whether all can run.
 */
export function checkReachability(nodes: readonly CompiledNode[], workflow: string, site: BlockSite): boolean {
  const byName = new Map(nodes.map(node => [node.outlined.name, node]))
  const conditions = new Map<string, Condition | undefined>()
  for (const node of nodes)
    conditions.set(node.outlined.name, conditionOf(node, byName, conditions, inNode(site, node.outlined.name, workflow)))
  return ![...conditions.values()].includes(undefined)
}

function inNode(site: BlockSite, name: string, workflow: string): BlockSite {
  return { ...site, where: `in node "${name}" of workflow "${workflow}"` }
}

/** @returns undefined where it never runs; told, unless that is because of another node. */
function conditionOf(
  node: CompiledNode,
  byName: ReadonlyMap<string, CompiledNode>,
  conditions: ReadonlyMap<string, Condition | undefined>,
  site: BlockSite,
): Condition | undefined {
  const needed: { readonly reference: NodeReference; readonly condition: Condition }[] = []
  let whole = ALWAYS
  for (const reference of requiredReferences(node)) {
    const source = byName.get(reference.node)
    if (source === undefined) continue
    const own = conditions.get(reference.node)
    if (own === undefined) return undefined
    const condition = new Map([...own, [reference.node, new Set(acceptedExits(source, node))]])
    const met = meet(whole, condition)
    if ('conflict' in met) {
      const other = needed.find(before => 'conflict' in meet(before.condition, condition)) ?? needed[0]
      reportExclusive(node, reference, other?.reference, met.conflict, [other?.condition, condition], site)
      return undefined
    }
    needed.push({ reference, condition })
    whole = met.condition
  }
  const chosen = choiceOf(node, byName, conditions)
  if (chosen === 'always') return whole
  const met = chosen && meet(whole, chosen)
  if (met && 'condition' in met) return met.condition
  const read = chosen && needed.find(({ condition }) => 'conflict' in meet(condition, chosen))
  if (met) reportUnreachable(node, met.conflict, read?.reference, site)
  return undefined
}

/** One for each node, its first. */
function requiredReferences({ outlined, spec }: CompiledNode): readonly NodeReference[] {
  const required = new Set(spec.sources.flatMap(({ node, kind }) => (kind === 'required' ? [node] : [])))
  return [...required].flatMap(name => outlined.references.find(({ node, kind }) => node === name && kind === 'required') ?? [])
}

/** Its attributes are there after an ordinary exit, and after an exceptional one that the reader is `on`. */
function acceptedExits({ exits }: CompiledNode, reader: CompiledNode): readonly string[] {
  const on = reader.outlined.triggers.flatMap(({ exit }) => exit ?? [])
  return [...exits.ordinary, ...exits.exceptional.filter(exit => on.includes(exit))]
}

/** Of `on` and edges, one is enough. */
function choiceOf(
  { outlined: { triggers } }: CompiledNode,
  byName: ReadonlyMap<string, CompiledNode>,
  conditions: ReadonlyMap<string, Condition | undefined>,
): Condition | 'always' | undefined {
  if (triggers.length === 0) return 'always'
  const ways = triggers.flatMap(({ node, exit }): readonly Condition[] => {
    const own = conditions.get(node)
    const exits = exit === undefined ? (byName.get(node)?.exits.ordinary ?? []) : [exit]
    return own === undefined ? [] : [new Map([...own, [node, new Set(exits)]])]
  })
  const [first, ...others] = ways
  return first && others.reduce(join, first)
}

function meet(a: Condition, b: Condition): Met {
  const both = new Map(a)
  for (const [node, exits] of b) {
    const known = both.get(node)
    const common = known === undefined ? exits : known.intersection(exits)
    if (common.size === 0) return { conflict: node }
    both.set(node, common)
  }
  return { condition: both }
}

function join(a: Condition, b: Condition): Condition {
  return new Map(
    [...a].flatMap(([node, exits]) => {
      const others = b.get(node)
      return others === undefined ? [] : [[node, exits.union(others)] as const]
    }),
  )
}

function reportExclusive(
  { outlined: { name } }: CompiledNode,
  reference: NodeReference,
  other: NodeReference | undefined,
  choice: string,
  conditions: readonly (Condition | undefined)[],
  site: BlockSite,
): void {
  const exits = conditions.map(condition => [...(condition?.get(choice) ?? [])].map(exit => `exit.${choice}.${exit}`))
  const [first = [], second = []] = exits
  site.report.error({
    code: 'workflow/exclusive-sources',
    summary: `Node "${name}" needs both "${other?.node}" and "${reference.node}", and only one of them can run`,
    detail: `"${other?.node}" runs after ${enumerate(first, 'or')}, "${reference.node}" after ${enumerate(second, 'or')}. Read whichever is there: coalesce(${textsOf(other)}, ${textsOf(reference)}).`,
    subject: reference.range,
    where: site.where,
    address: site.address,
    ...(other ? { related: [{ range: other.range, message: `it needs "${other.node}" here` }] } : {}),
  })
}

function textsOf(reference: NodeReference | undefined): string {
  return reference === undefined ? '…' : textOf(reference.range)
}

function textOf({ source, start, end }: SourceRange): string {
  return source.text.slice(start, end)
}

function reportUnreachable(
  { outlined: { name, triggers, block } }: CompiledNode,
  choice: string,
  read: NodeReference | undefined,
  site: BlockSite,
): void {
  const [first] = triggers
  site.report.error({
    code: 'workflow/unreachable',
    summary: `Node "${name}" can never run`,
    detail: `It waits for one way out of "${choice}", and reads what only runs after another. Read that with coalesce(…) or try(…), or wait for another exit.`,
    subject: first?.range ?? block.headerRange,
    where: site.where,
    address: site.address,
    ...(read ? { related: [{ range: read.range, message: `it reads "${read.node}" here` }] } : {}),
  })
}
