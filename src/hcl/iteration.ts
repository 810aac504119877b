import type { Expression } from './ast.ts'
import { type Evaluate, failOn, failOnValue, isInvalid, mayBeReached, notesOn, spend } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { isRootedIn } from './proof.ts'
import type { Scope } from './scope.ts'
import { ANY, NUMBER, plainType, STRING, type Type } from './type.ts'
import { describeType } from './type-text.ts'
import { unify } from './unify.ts'
import { type Marks, numberValue, sortedEntries, stringValue, typeOf, unknownValue, type Value, withMarks } from './value.ts'
import { describeValue } from './value-text.ts'

/** What for expressions and `%{ for }` have in common. */
export interface LoopHeader {
  readonly keyName?: string
  readonly valueName: string
  readonly collection: Expression
}

/** A loop about to run: one context per element, with its variables set. The same object each time, so a step's must not be kept. */
export interface Loop {
  /** `unknown`: one step stands for all, with unknown variables, or none where the run decides; `invalid`: reported, no steps. */
  readonly state: 'known' | 'unknown' | 'invalid'
  readonly steps: Iterable<EvaluationContext>
  /** Of the collection itself. */
  readonly marks: Marks
}

/** Evaluates the collection, and prepares to go through it: lists in order, maps and objects by code point of the key, sets in theirs. */
export function iterate(header: LoopHeader, context: EvaluationContext, evaluate: Evaluate): Loop {
  const value = evaluate(header.collection, context)
  const { marks } = value
  if (isInvalid(value)) return { state: 'invalid', steps: [], marks }
  if (value.kind === 'unknown') {
    const types = elementTypes(value.type)
    if (types === undefined) return notIterable(header, value, context)
    return { state: 'unknown', steps: unknownSteps(header, types, mayBeReached(context)), marks }
  }
  const pairs = pairsOf(value)
  return pairs === undefined ? notIterable(header, value, context) : { state: 'known', steps: knownSteps(header, pairs, context), marks }
}

type Pairs = Iterable<readonly [Value, Value]>

function* knownSteps(header: LoopHeader, pairs: Pairs, context: EvaluationContext): Iterable<EvaluationContext> {
  const variables = new Map<string, Value>()
  const inner = { ...context, scope: loopScope(variables, context.scope), proven: unshadowed(header, context.proven) }
  for (const [key, item] of pairs) {
    // A round costs a step of its own: a body of plain text would cost none, and two such loops could run for seconds.
    if (!spend(context, 1, header.collection.range)) return
    if (header.keyName !== undefined) variables.set(header.keyName, key)
    variables.set(header.valueName, item)
    yield inner
  }
}

function* unknownSteps(header: LoopHeader, [key, item]: readonly [Type, Type], context: EvaluationContext): Iterable<EvaluationContext> {
  yield* knownSteps(header, [[unknownValue(key), unknownValue(item)]], context)
}

/** What was proven of a name outside says nothing of a loop variable that hides it. */
function unshadowed(header: LoopHeader, proven: ReadonlySet<string> | undefined): ReadonlySet<string> | undefined {
  if (proven === undefined || proven.size === 0) return proven
  return new Set([...proven].filter(name => !isRootedIn(name, header.valueName) && !isRootedIn(name, header.keyName ?? header.valueName)))
}

/** Own variables first, then those around. One scope for all elements: 5,000 elements make no 5,000 scopes. */
function loopScope(variables: ReadonlyMap<string, Value>, parent: Scope): Scope {
  return {
    resolve(traversal, report) {
      const value = variables.get(traversal.root)
      return value === undefined ? parent.resolve(traversal, report) : { value, steps: 0 }
    },
    *names() {
      yield* variables.keys()
      yield* parent.names()
    },
  }
}

function pairsOf(value: Value): Pairs | undefined {
  switch (value.kind) {
    case 'list':
    case 'tuple':
      return value.items.map((item, index) => [numberValue(index), item])
    case 'set':
      return value.items.map(item => [item, item])
    case 'map':
    case 'object':
      return sortedEntries(value.entries).map(([key, member]) => [stringValue(key), member])
    default:
      return undefined
  }
}

/** Types of key and element of an unknown collection; undefined when it cannot be gone through. */
export function elementTypes(type: Type): readonly [Type, Type] | undefined {
  const plain = plainType(type)
  switch (plain.kind) {
    case 'any':
      return [ANY, ANY]
    case 'list':
      return [NUMBER, plain.element]
    case 'set':
      return [plain.element, plain.element]
    case 'map':
      return [STRING, plain.element]
    case 'tuple':
      return [NUMBER, unify(plain.elements) ?? ANY]
    case 'object':
      return [STRING, unify([...plain.attributes.values()].map(attribute => attribute.type)) ?? ANY]
    default:
      return undefined
  }
}

function notIterable(header: LoopHeader, value: Value, context: EvaluationContext): Loop {
  const subject = header.collection.range
  const notes = notesOn(header.collection, value)
  const failure =
    value.kind === 'null'
      ? failOnValue(context, {
          code: 'hcl/null-value',
          summary: 'This collection is null, and "for" cannot go through null',
          detail: 'Use coalesce(…, []) to go through nothing when it is null.',
          subject,
          ...notes,
        })
      : failOn(value, context, {
          code: 'hcl/not-a-collection',
          summary: '"for" needs a collection to go through',
          detail: `Lists, sets, tuples, maps and objects have elements, but this is ${value.kind === 'unknown' ? describeType(value.type) : describeValue(value)}. Write [x] for a list of one.`,
          subject,
          ...notes,
        })
  return { state: isInvalid(failure) ? 'invalid' : 'unknown', steps: [], marks: value.marks }
}

/** The variables of a loop over nothing in particular, for folding: unknown, of the types that the collection tells. */
export function unknownVariables(header: LoopHeader, collection: Value): ReadonlyMap<string, Value> {
  const [key, item] = elementTypes(typeOf(collection)) ?? [ANY, ANY]
  const variables = new Map<string, Value>([[header.valueName, withMarks(unknownValue(item), collection.marks)]])
  if (header.keyName !== undefined) variables.set(header.keyName, unknownValue(key))
  return variables
}
