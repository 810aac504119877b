import type { JsonSchema } from '../../artifact/json-schema.ts'
import { invariant } from '../../base/invariant.ts'
import type { JsonValue } from '../../base/json.ts'
import type { TraversalExpression } from '../../hcl/ast.ts'
import { fromJson } from '../../hcl/json-value.ts'
import type { Resolution, Scope } from '../../hcl/scope.ts'
import { nullValue, objectValue, type Value } from '../../hcl/value.ts'
import type { Names } from '../deferred.ts'
import { typedValue } from '../typed-value.ts'
import { type Frame, isDecided, type NodeState, stateIn } from './frame.ts'
import type { RunFacts } from './interpretation.ts'
import { gives } from './readiness.ts'

/** The names that mean the same everywhere in a run. */
export interface RunNames {
  resolve(name: string): Value | undefined
  /** The type of a node's `output`; undefined: as its JSON says. */
  outputType(state: NodeState): JsonSchema | undefined
}

/** @param input its type, so that expressions mean what they meant when they were planned. */
export function runNamesOf(facts: RunFacts, input: JsonSchema | undefined, outputType: RunNames['outputType']): RunNames {
  const { id, flow, startedAtMs, session } = facts
  const makers: Readonly<Record<string, () => Value>> = {
    input: () => typedValue(facts.input, input),
    run: () => fromJson({ id, flow, started_at: new Date(startedAtMs).toISOString() }),
    session: () => fromJson({ ...session }),
  }
  const made = new Map<string, Value>()
  return {
    outputType,
    resolve(name) {
      const known = made.get(name)
      if (known || !Object.hasOwn(makers, name)) return known
      const value = makers[name]?.()
      if (value) made.set(name, value)
      return value
    },
  }
}

/**
 * What an expression sees from a place in a run: names of the run, of the bodies around it, and nodes that are decided.
 *
 * @param reader the node whose argument it is; undefined: an output.
 * @param names hide those around.
 */
export function scopeAt(frame: Frame, reader: NodeState | undefined, run: RunNames, names: Names = {}): Scope {
  return {
    resolve(traversal) {
      const { root } = traversal
      if (Object.hasOwn(names, root)) return plain(names[root])
      if (root === 'node') return resolveNode(traversal, frame, reader, run)
      return plain(nameAround(frame, root) ?? run.resolve(root))
    },
    names: () => ['input', 'item', 'loop', 'node', 'run', 'session'],
  }
}

function plain(value: Value | undefined): Resolution | undefined {
  return value && { value, steps: 0 }
}

/** `item` and `loop` are of the innermost body that has them. */
function nameAround(frame: Frame, name: string): Value | undefined {
  for (let at: Frame | undefined = frame; at; at = at.owner?.frame) if (Object.hasOwn(at.names, name)) return at.names[name]
  return undefined
}

function resolveNode(traversal: TraversalExpression, from: Frame, reader: NodeState | undefined, run: RunNames): Resolution | undefined {
  const [name, attribute] = traversal.steps
  if (name === undefined) return undefined
  const state = stateIn(from, String(name.key))
  if (!state) return from.owner && resolveNode(traversal, from.owner.frame, from.owner, run)
  invariant(isDecided(state), 'run/undecided-node', `${state.node.spec.name} is read before it is decided`)
  const isGiven = gives(state, reader)
  if (attribute !== undefined) return attributeOf(state, String(attribute.key), traversal.steps.length, isGiven, run)
  return { value: isGiven ? wholeOf(state, run) : nullValue(), steps: 1 }
}

/** What is readable of a node that gives no values to the reader (blocks.md 1.8, 4.1). */
const ALWAYS_READABLE: ReadonlySet<string> = new Set(['status', 'exit', 'error', 'cost'])

/** A traversal that starts at what is not there is null, however long. */
function attributeOf(state: NodeState, name: string, steps: number, isGiven: boolean, run: RunNames): Resolution {
  const isReadable = isGiven || name === 'status' || (state.status !== 'skipped' && ALWAYS_READABLE.has(name))
  if (!isReadable) return { value: nullValue(), steps }
  const value = attributeValue(state, name, run)
  return name === 'error' && value.kind === 'null' ? { value, steps } : { value, steps: 2 }
}

function attributeValue(state: NodeState, name: string, run: RunNames): Value {
  const known = state.values.get(name)
  if (known) return known
  const json = attributeJson(state, name)
  const value = name === 'output' ? typedValue(json, run.outputType(state)) : fromJson(json)
  state.values.set(name, value)
  return value
}

/** Attributes of every node (blocks.md 4.2); the others are as the step was recorded. */
function attributeJson(state: NodeState, name: string): JsonValue {
  const { status, exit, error, attributes, attempts, costNano, startedAtMs, endedAtMs } = state
  const recorded = Object.hasOwn(attributes, name) ? attributes[name] : undefined
  switch (name) {
    case 'status':
      return status
    case 'exit':
      return exit ?? null
    case 'error':
      return error ? { code: error.code, message: error.message } : null
    case 'attempts':
      return recorded ?? attempts
    case 'cost':
      return recorded ?? (costNano === null ? null : costNano / 1e9)
    case 'duration_ms':
      return recorded ?? endedAtMs - startedAtMs
    default:
      return recorded ?? null
  }
}

const COMMON = ['status', 'exit', 'error', 'attempts', 'cost', 'duration_ms']

function wholeOf(state: NodeState, run: RunNames): Value {
  const names = new Set([...COMMON, ...Object.keys(state.attributes)])
  return objectValue(new Map([...names].map(name => [name, attributeValue(state, name, run)])))
}
