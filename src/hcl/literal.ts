import type { SourceRange } from '../diagnostics/source.ts'
import type { Expression, ObjectItem } from './ast.ts'
import { sortedEntries, type Value } from './value.ts'

/**
 * A known value as the expression that gives it again, type and all: a list is `tolist([…])`, since `[1]` alone is a
 * tuple, and the two are not equal.
 *
 * @returns undefined for what has no literal: a thing of the host, or something unknown.
 */
export function expressionOf(value: Value, range: SourceRange): Expression | undefined {
  switch (value.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return { kind: 'literal', value: value.value, range }
    case 'null':
      return { kind: 'literal', value: null, range }
    case 'tuple':
      return tupleOf(value.items, range)
    case 'list':
      return callOf('tolist', tupleOf(value.items, range), range)
    case 'set':
      return callOf('toset', tupleOf(value.items, range), range)
    case 'object':
      return objectOf(value.entries, range)
    case 'map':
      return callOf('tomap', objectOf(value.entries, range), range)
    case 'unknown':
    case 'capsule':
      return undefined
  }
}

function tupleOf(values: readonly Value[], range: SourceRange): Expression | undefined {
  const items = values.flatMap(item => expressionOf(item, range) ?? [])
  return items.length < values.length ? undefined : { kind: 'tuple', items, range }
}

function objectOf(entries: ReadonlyMap<string, Value>, range: SourceRange): Expression | undefined {
  const items = sortedEntries(entries).flatMap(([name, member]): readonly ObjectItem[] => {
    const value = expressionOf(member, range)
    return value ? [{ key: { kind: 'literal', value: name, range }, value }] : []
  })
  return items.length < entries.size ? undefined : { kind: 'object', items, range }
}

function callOf(name: string, argument: Expression | undefined, range: SourceRange): Expression | undefined {
  return argument && { kind: 'call', name, nameRange: range, arguments: [argument], expandFinal: false, range }
}
