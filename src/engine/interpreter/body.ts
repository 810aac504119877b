import type { NodeSpec, SourceSpec } from '../../artifact/workflow.ts'
import { invariant } from '../../base/invariant.ts'

/** The nodes of a workflow, a map or a loop, with what the interpreter asks of them again and again. */
export interface Body {
  /** In the order of declaration. */
  readonly nodes: readonly BodyNode[]
  readonly indexes: ReadonlyMap<string, number>
  /** Those that wait for none. */
  readonly first: readonly number[]
}

export interface BodyNode {
  readonly spec: NodeSpec
  readonly index: number
  /** The longest way to it from a node that waits for none (DET-2). */
  readonly depth: number
  /** Nodes of the same body that it waits for, each once. */
  readonly waitsFor: number
  readonly dependents: readonly number[]
  /** Its exits that nodes of the body are on. */
  readonly usedExits: ReadonlySet<string>
  readonly body?: Body
}

/** Computed once for a graph: a map of ten thousand items shares it. */
export function bodyOf(specs: readonly NodeSpec[]): Body {
  const indexes = new Map(specs.map((spec, index) => [spec.name, index]))
  const sources = specs.map(spec => sourcesIn(spec.sources, indexes))
  const dependents = specs.map((): number[] => [])
  for (const [index, those] of sources.entries()) for (const source of those) dependents[source]?.push(index)
  const depths = depthsOf(sources, dependents)
  const nodes = specs.map(
    (spec, index): BodyNode => ({
      spec,
      index,
      depth: depths[index] ?? 0,
      waitsFor: sources[index]?.size ?? 0,
      dependents: dependents[index] ?? [],
      usedExits: usedExits(spec.name, specs),
      ...(spec.nodes && { body: bodyOf(spec.nodes) }),
    }),
  )
  return { nodes, indexes, first: nodes.filter(node => node.waitsFor === 0).map(node => node.index) }
}

function sourcesIn(sources: readonly SourceSpec[], indexes: ReadonlyMap<string, number>): ReadonlySet<number> {
  return new Set(sources.map(({ node }) => indexes.get(node)).filter(index => index !== undefined))
}

function usedExits(name: string, specs: readonly NodeSpec[]): ReadonlySet<string> {
  const exits = specs.flatMap(({ sources }) => sources.filter(({ node, kind }) => node === name && kind === 'exit').map(({ exit }) => exit))
  return new Set(exits.filter(exit => exit !== undefined))
}

function depthsOf(sources: readonly ReadonlySet<number>[], dependents: readonly (readonly number[])[]): readonly number[] {
  const depths = sources.map(() => 0)
  const open = sources.map(those => those.size)
  const ready = open.flatMap((count, index) => (count === 0 ? [index] : []))
  for (const index of ready) {
    for (const dependent of dependents[index] ?? []) {
      depths[dependent] = Math.max(depths[dependent] ?? 0, (depths[index] ?? 0) + 1)
      const left = (open[dependent] ?? 0) - 1
      open[dependent] = left
      if (left === 0) ready.push(dependent)
    }
  }
  invariant(ready.length === sources.length, 'run/cyclic-graph', 'a published graph has a cycle')
  return depths
}

/** Nodes in all, those of bodies counted once. */
export function countNodes(specs: readonly NodeSpec[]): number {
  return specs.reduce((count, { nodes }) => count + 1 + (nodes === undefined ? 0 : countNodes(nodes)), 0)
}
