import type { SourceRange } from '../diagnostics/source.ts'
import type { Expression, ObjectItem } from './ast.ts'
import { sortedEntries, type Value } from './value.ts'

export type LiteralForm = 'exact' | 'data'

/**
 * A known value as the expression that gives it again. `exact` keeps the type: a list is `tolist([…])`, since `[1]`
 * alone is a tuple, and the two are not equal; `data` is for what becomes JSON, where lists and tuples are arrays.
 *
 * @returns undefined for what has no literal: a thing of the host, or something unknown.
 */
export function expressionOf(value: Value, range: SourceRange, form: LiteralForm): Expression | undefined {
  switch (value.kind) {
    case 'string':
    case 'number':
    case 'bool':
      return { kind: 'literal', value: value.value, range }
    case 'null':
      return { kind: 'literal', value: null, range }
    case 'tuple':
      return tupleOf(value.items, range, form)
    case 'list':
      return typed('tolist', tupleOf(value.items, range, form), form)
    case 'set':
      return typed('toset', tupleOf(value.items, range, form), form)
    case 'object':
      return objectOf(value.entries, range, form)
    case 'map':
      return typed('tomap', objectOf(value.entries, range, form), form)
    case 'unknown':
    case 'capsule':
      return undefined
  }
}

function tupleOf(values: readonly Value[], range: SourceRange, form: LiteralForm): Expression | undefined {
  const items = values.flatMap(item => expressionOf(item, range, form) ?? [])
  return items.length < values.length ? undefined : { kind: 'tuple', items, range }
}

function objectOf(entries: ReadonlyMap<string, Value>, range: SourceRange, form: LiteralForm): Expression | undefined {
  const items = sortedEntries(entries).flatMap(([name, member]): readonly ObjectItem[] => {
    const value = expressionOf(member, range, form)
    return value ? [{ key: { kind: 'literal', value: name, range }, value }] : []
  })
  return items.length < entries.size ? undefined : { kind: 'object', items, range }
}

function typed(name: string, argument: Expression | undefined, form: LiteralForm): Expression | undefined {
  if (argument === undefined || form === 'data') return argument
  const { range } = argument
  return { kind: 'call', name, nameRange: range, arguments: [argument], expandFinal: false, range }
}
