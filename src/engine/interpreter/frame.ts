import type { JsonObject } from '../../base/json.ts'
import type { Value } from '../../hcl/value.ts'
import type { Failure } from './behaviour.ts'
import type { Body, BodyNode } from './body.ts'
import type { StepError, StepPath } from './command.ts'
import type { NodeStanding } from './interpretation.ts'

/** One run of a body: the workflow's own, of an item, of an iteration. It changes as steps settle. */
export interface Frame {
  readonly body: Body
  /** Of the paths of its nodes: empty, or `pages[17].`. */
  readonly prefix: string
  /** Where it stands among all, for the order of commands. */
  readonly rank: readonly number[]
  /** The node that it is a body of; absent: the workflow's own. */
  readonly owner?: NodeState
  /** `item` or `loop`. */
  readonly names: Readonly<Record<string, Value>>
  readonly states: readonly NodeState[]
  undecided: number
  /** Nothing starts in it any more: it is through, or failed, or not needed. */
  isOver: boolean
  readonly completed: () => void
  readonly failed: (failure: Failure) => void
}

/** How a node of a frame stands. */
export interface NodeState {
  readonly node: BodyNode
  readonly frame: Frame
  waitsFor: number
  status: NodeStanding['status']
  startedAtMs: number
  endedAtMs: number
  exit?: string
  /** It left by an exit that fails the run when nobody is on it. */
  isExceptional: boolean
  reason?: string
  error?: StepError
  attributes: JsonObject
  attempts: number
  /** Of its step, or of all steps of its bodies; null is unknown. */
  costNano: number | null
  /** Attributes that expressions have read. */
  readonly values: Map<string, Value>
  /** Frames of its body that run; it is over when they are not wanted any more. */
  readonly frames: Set<Frame>
}

export type FrameStart = Pick<Frame, 'body' | 'prefix' | 'rank' | 'names' | 'completed' | 'failed'> & { readonly owner?: NodeState }

export function frameOf(start: FrameStart): Frame {
  const states: NodeState[] = []
  const frame: Frame = { ...start, states, undecided: start.body.nodes.length, isOver: false }
  for (const node of start.body.nodes) {
    states.push({
      node,
      frame,
      waitsFor: node.waitsFor,
      status: 'pending',
      startedAtMs: 0,
      endedAtMs: 0,
      isExceptional: false,
      attributes: {},
      attempts: 1,
      costNano: 0,
      values: new Map(),
      frames: new Set(),
    })
  }
  return frame
}

export function stateIn(frame: Frame, name: string): NodeState | undefined {
  const index = frame.body.indexes.get(name)
  return index === undefined ? undefined : frame.states[index]
}

/** What is unknown in a part is unknown in the whole. Integers: the order of the parts does not matter. */
export function addCosts(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}

export function costOf(frame: Frame): number | null {
  return frame.states.map(({ costNano }) => costNano).reduce(addCosts, 0)
}

export function isDecided({ status }: NodeState): boolean {
  return status === 'succeeded' || status === 'skipped' || status === 'failed'
}

export function pathOf({ frame, node }: NodeState): StepPath {
  return frame.prefix + node.spec.name
}

/** By depth, then declaration (DET-2); of a body after those around it. */
export function rankOf({ frame, node }: NodeState): readonly number[] {
  return [...frame.rank, node.depth, node.index]
}

export function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, x] of a.entries()) {
    const y = b[index]
    if (y === undefined) return 1
    if (x !== y) return x - y
  }
  return a.length - b.length
}

/** Frames, and inside of those that run their bodies, in order. */
export function standings(frame: Frame): readonly NodeStanding[] {
  return frame.states.flatMap(state => {
    const { status, exit, reason, node, frames, attributes } = state
    const standing: NodeStanding = {
      path: pathOf(state),
      type: node.spec.type,
      status,
      ...(exit !== undefined && { exit }),
      ...(node.spec.type === 'router' && typeof attributes.matched === 'boolean' && { matched: attributes.matched }),
      ...(reason !== undefined && { reason }),
    }
    return [standing, ...[...frames].sort((a, b) => compareRanks(a.rank, b.rank)).flatMap(standings)]
  })
}
