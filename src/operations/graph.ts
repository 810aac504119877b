import type { ArtifactKind } from '../artifact/envelope.ts'
import { collectReferences } from '../artifact/references.ts'
import { isJsonObject, type JsonValue } from '../base/json.ts'
import { suggest } from '../base/suggest.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import type { ChangeAction, Plan } from '../plan/plan.ts'
import { loadProject, type OperationHost, openProject } from './project.ts'
import { type WorkflowGraph, workflowGraph } from './workflow-graph.ts'

/** What refers to what: nodes and edges as data, whatever they are drawn as. Acyclic, for a cycle is an error of the configuration. */
export interface BlockGraph {
  readonly environment: string
  /** Without a plan every node is unchanged; with one, what it archives is a node too. */
  readonly isPlanned: boolean
  /** After what they refer to, as a plan orders them. */
  readonly nodes: readonly GraphNode[]
  /** In the order of `from`, each pair and way once. */
  readonly edges: readonly GraphEdge[]
  /** The block that the graph was cut down to. */
  readonly focus?: string
}

export interface GraphNode {
  readonly address: string
  readonly kind: ArtifactKind | 'variable'
  readonly change?: GraphChange
}

/** What a plan does to a node. */
export interface GraphChange {
  readonly action: ChangeAction
  readonly before?: number
  readonly after?: number
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** The argument or block that refers: `model`, `fallback`, `tier`; `variable`, `depends_on`. */
  readonly via: string
  /** Of a pinned reference: its version, or the digest. */
  readonly pin?: number | string
}

export interface GraphOptions {
  readonly environment?: string
  readonly variables: readonly VariableFlag[]
  /** Only this block, what it reaches and what reaches it. */
  readonly address?: string
  readonly plan?: Plan
}

export type GraphResult =
  | { readonly outcome: 'found'; readonly graph: BlockGraph; readonly warnings: readonly Diagnostic[] }
  | { readonly outcome: 'workflow'; readonly graph: WorkflowGraph; readonly warnings: readonly Diagnostic[] }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/**
 * The references between the blocks of the configuration; of a workflow, its nodes. Contacts nothing.
 *
 * @throws OperationError cli/unknown-block
 */
export function graph(host: OperationHost, options: GraphOptions): GraphResult {
  const report = new Report()
  const environment = options.environment ?? options.plan?.environment
  const project = openProject(host, environment === undefined ? {} : { environment }, report)
  const configuration = project && loadProject(host, project, options, report, false).configuration
  if (configuration === undefined) return { outcome: 'invalid', diagnostics: report.diagnostics }
  const chosen = configuration.blocks.find(({ address }) => address === options.address)?.artifact
  if (chosen?.kind === 'workflow' && options.address !== undefined) {
    const graph = workflowGraph(configuration.environment.name, options.address, chosen.spec)
    return { outcome: 'workflow', graph, warnings: report.diagnostics }
  }
  const whole = graphOf(configuration, options.plan)
  return { outcome: 'found', graph: options.address === undefined ? whole : focused(whole, options.address), warnings: report.diagnostics }
}

function graphOf(configuration: Configuration, plan: Plan | undefined): BlockGraph {
  const { blocks } = configuration
  const variables = new Set<string>()
  const edges = blocks.flatMap(block => {
    const folded = configuration.foldedVariables(block.address).map(name => `var.${name}`)
    for (const name of folded) variables.add(name)
    return [...edgesOf(block), ...folded.map((to): GraphEdge => ({ from: block.address, to, via: 'variable' }))]
  })
  const changes = new Map((plan?.changes ?? []).map(change => [change.address, change]))
  const declared = new Set(blocks.map(({ address }) => address))
  const archived = (plan?.changes ?? []).filter(({ address }) => !declared.has(address))
  const marked = (address: string): Pick<GraphNode, 'change'> => {
    const { action, before, after } = changes.get(address) ?? {}
    if (action === undefined) return {}
    return { change: { action, ...(before ? { before: before.version } : {}), ...(after ? { after: after.version } : {}) } }
  }
  const nodes = [
    ...[...variables].sort().map((address): GraphNode => ({ address, kind: 'variable' })),
    ...[...blocks, ...archived].map(({ address, kind }): GraphNode => ({ address, kind, ...marked(address) })),
  ]
  const known = new Set(nodes.map(({ address }) => address))
  // What is archived may refer to what is archived already.
  const formerEdges = archived.flatMap(({ address, before }) => (before ? referencesBy(address, before.artifact.spec) : []))
  return {
    environment: configuration.environment.name,
    isPlanned: plan !== undefined,
    nodes,
    edges: [...edges, ...formerEdges.filter(({ to }) => known.has(to))],
  }
}

function edgesOf({ address, artifact, dependsOn }: CompiledBlock): readonly GraphEdge[] {
  const edges = referencesBy(address, artifact.spec)
  const reached = new Set(edges.map(({ to }) => to))
  const others = new Set(dependsOn.filter(to => !reached.has(to)))
  return [...edges, ...[...others].map((to): GraphEdge => ({ from: address, to, via: 'depends_on' }))]
}

/** A prompt with one model has no block `tier`. */
function wayOf(key: string, value: JsonValue): string {
  if (key !== 'tiers') return key
  return Array.isArray(value) && value.length > 1 ? 'tier' : 'model'
}

function referencesBy(from: string, spec: object): readonly GraphEdge[] {
  const found = new Map<string, GraphEdge>()
  for (const [key, value] of Object.entries(spec) as [string, JsonValue][]) {
    if (collectReferences(value).refs.length === 0) continue
    visitReferences(value, (to, pin) => {
      const edge = { from, to, via: wayOf(key, value), ...(pin === undefined ? {} : { pin }) }
      found.set(JSON.stringify(edge), edge)
    })
  }
  return [...found.values()]
}

function visitReferences(value: JsonValue, visit: (to: string, pin: number | string | undefined) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visitReferences(item, visit)
  } else if (isJsonObject(value)) {
    const { $ref, version, digest } = value
    if (typeof $ref === 'string') {
      visit($ref, typeof version === 'number' ? version : typeof digest === 'string' ? digest : undefined)
      return
    }
    for (const member of Object.values(value)) visitReferences(member, visit)
  }
}

/** What a block needs and what needs it, with the references on the way. */
function focused(whole: BlockGraph, address: string): BlockGraph {
  if (!whole.nodes.some(node => node.address === address)) throw unknownBlock(whole, address)
  const needed = reach(whole, address, 'from', 'to')
  const needing = reach(whole, address, 'to', 'from')
  return {
    ...whole,
    nodes: whole.nodes.filter(node => needed.has(node.address) || needing.has(node.address)),
    // What leads past the block is another story.
    edges: whole.edges.filter(({ from, to }) => (needed.has(from) && needed.has(to)) || (needing.has(from) && needing.has(to))),
    focus: address,
  }
}

function reach({ edges }: BlockGraph, start: string, near: 'from' | 'to', far: 'from' | 'to'): ReadonlySet<string> {
  const next = Map.groupBy(edges, edge => edge[near])
  const found = new Set([start])
  for (const address of found) for (const edge of next.get(address) ?? []) found.add(edge[far])
  return found
}

function unknownBlock({ nodes }: BlockGraph, address: string): OperationError {
  const addresses = nodes.map(node => node.address)
  const suggestions = suggest(address, addresses)
  return new OperationError({
    code: 'cli/unknown-block',
    summary: `There is no ${address} in the configuration`,
    detail: addresses.length === 0 ? 'It has no blocks that are published.' : 'All that are there: flowrun graph',
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
