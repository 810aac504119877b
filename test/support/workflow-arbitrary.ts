import fc from 'fast-check'
import type { Deferred } from '../../src/artifact/deferred.ts'
import type { Command } from '../../src/engine/interpreter/command.ts'
import { randomOf } from './seeded.ts'
import type { CaseGraph, CaseNode, Script, ScriptedStep } from './workflow-case.ts'

const TYPES = ['model', 'tool', 'guard', 'router', 'transform', 'approval', 'wait', 'flow', 'map', 'loop'] as const
type Type = (typeof TYPES)[number]

/** A node of a generated graph; its sources are chosen among those before it, so that there is no cycle. */
interface Sketch {
  readonly type: Type
  readonly sources: readonly { readonly pick: number; readonly kind: 'required' | 'optional' | 'after' | 'exit'; readonly exit: number }[]
  readonly policy: 'fail' | 'default' | 'exit'
  readonly onItemError: 'fail_fast' | 'continue' | 'drop'
  readonly size: number
  readonly isConditional: boolean
  readonly body: readonly Sketch[]
}

const { sketches } = fc.letrec<{ sketches: readonly Sketch[] }>(tie => ({
  sketches: fc.array(
    fc.record({
      type: fc.constantFrom(...TYPES),
      sources: fc.array(
        fc.record({ pick: fc.nat(20), kind: fc.constantFrom('required', 'required', 'optional', 'after', 'exit'), exit: fc.nat(3) }),
        { maxLength: 3 },
      ),
      policy: fc.constantFrom('fail', 'default', 'default', 'exit'),
      onItemError: fc.constantFrom('fail_fast', 'continue', 'drop'),
      size: fc.nat(4),
      isConditional: fc.boolean(),
      body: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.constant([]), tie('sketches')),
    }),
    { minLength: 1, maxLength: 8, size: 'medium' },
  ) as fc.Arbitrary<readonly Sketch[]>,
}))

export const graphArbitrary: fc.Arbitrary<CaseGraph> = sketches.map(nodes => {
  const names = { next: 0 }
  const graph = nodesOf(nodes, names)
  const results = Object.fromEntries(graph.map(({ name, type }) => [name, resultOf(name, type)]))
  return { nodes: graph, output: results }
})

function nodesOf(sketched: readonly Sketch[], names: { next: number }): readonly CaseNode[] {
  const nodes: CaseNode[] = []
  for (const sketch of sketched) nodes.push(nodeOf(sketch, nodes, names))
  return nodes
}

function nodeOf(sketch: Sketch, before: readonly CaseNode[], names: { next: number }): CaseNode {
  const { type, size, policy, isConditional } = sketch
  const name = `n${names.next++}`
  const sources = sketch.sources.flatMap(({ pick, kind, exit }) => {
    const from = before[pick % Math.max(before.length, 1)]
    if (!from) return []
    const exits = EXITS[from.type]
    if (kind === 'exit') return [`${from.name}>${exits[exit % exits.length] ?? ''}`]
    return [`${from.name}${kind === 'optional' ? '?' : kind === 'after' ? '!' : ''}`]
  })
  const isBody = type === 'map' || type === 'loop'
  const inner: readonly Sketch[] = sketch.body.length > 0 ? sketch.body : [{ ...sketch, type: 'model', sources: [], isConditional: false }]
  const body = isBody ? nodesOf(inner, names) : []
  const last = body.at(-1)
  return {
    name,
    type,
    sources: [...new Set(sources)],
    ...(isConditional && { when: { $expr: `length(run.id) ${size % 2 === 0 ? '>' : '<'} 2` } }),
    on_error: policy === 'default' ? { action: 'default', value: 'default' } : { action: policy },
    arguments: { ...argumentsOf(sketch), ...(hasInput(type) && { with: inputOf(sources) }) },
    ...((type === 'approval' || (type === 'wait' && size > 1)) && { timeout_ms: 50 }),
    ...(isBody && { nodes: body }),
    ...(type === 'map' && last && { output: resultOf(last.name, last.type) }),
  }
}

const EXITS: Readonly<Record<Type, readonly string[]>> = {
  model: ['', 'done', 'error'],
  tool: ['', 'done', 'error'],
  flow: ['', 'done', 'error'],
  transform: ['', 'done'],
  map: ['', 'done', 'error'],
  loop: ['', 'done', 'exhausted'],
  guard: ['', 'done', 'blocked'],
  router: ['left', 'right', 'other'],
  approval: ['approve', 'reject', 'expired'],
  wait: ['', 'done', 'expired'],
}

function argumentsOf({ type, size, onItemError, policy }: Sketch): Readonly<Record<string, Deferred>> {
  switch (type) {
    case 'router':
      return {
        routes: [
          { name: 'left', when: size === 0 },
          { name: 'right', when: size === 1 },
        ],
      }
    case 'transform':
      return { value: { $expr: size === 4 && policy === 'default' ? '1 / length("")' : `"t${size}"` } }
    case 'map':
      return { items: { $expr: `range(${size})` }, concurrency: 2, on_item_error: onItemError }
    case 'loop':
      return { state: 0, next: { $expr: 'loop.state + 1' }, until: { $expr: `loop.state >= ${size}` }, max_iterations: 3 }
    case 'wait':
      return size > 1 ? { signal: 'go' } : { duration_ms: size * 7 }
    default:
      return {}
  }
}

function hasInput(type: Type): boolean {
  return type === 'model' || type === 'tool' || type === 'flow'
}

function inputOf(sources: readonly string[]): Readonly<Record<string, Deferred>> {
  const read = [...new Set(sources.map(source => /^\w+/.exec(source)?.[0]).filter(name => name !== undefined))]
  return Object.fromEntries(read.map(name => [name, { $expr: `[node.${name}.status, node.${name}.exit]` }]))
}

function resultOf(name: string, type: Type): Deferred {
  const value = type === 'router' ? 'route' : type === 'approval' ? 'action' : 'output'
  return { $expr: `[node.${name}.status, node.${name}.exit, node.${name}.${value}]` }
}

/** Answers that depend on the seed and the path alone. @param trouble from 0 to 1: how many fail, are blocked, or expire. */
export function scriptFor(seed: number, trouble: number): Script {
  return command => {
    const random = randomOf(hashOf(`${seed} ${command.path}`))
    const ms = Math.ceil(random() * 30)
    return { ...answerTo(command, random() < trouble, random()), ms }
  }
}

function answerTo(command: Command, isTroubled: boolean, chance: number): ScriptedStep {
  if (command.type === 'approval') return isTroubled ? {} : { exit: chance < 0.5 ? 'approve' : 'reject', give: { action: 'decided' } }
  if (command.type === 'signal') return isTroubled ? {} : { exit: 'received', give: { output: 'data' } }
  if (!isTroubled) return {}
  if (command.type === 'effect' && command.nodeType === 'guard') return { exit: 'blocked', give: { text: null } }
  return { fail: chance < 0.5 ? 'provider/timeout' : 'run/other' }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
