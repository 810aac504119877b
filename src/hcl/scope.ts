import type { Report } from '../diagnostics/report.ts'
import type { TraversalExpression } from './ast.ts'
import type { Value } from './value.ts'

/**
 * Where names come from. The evaluator asks for the longest prefix of a traversal that the host knows as one thing
 * (`var.tier`, `model.fast`, `input.question`) and walks the remaining steps itself.
 */
export interface Scope {
  /**
   * @returns the value and how many steps after the root it used up; undefined when the root is not a name here, which
   * the evaluator reports. A host that knows the root but not what follows reports that itself, in its own words, and
   * answers with INVALID and all steps.
   */
  resolve(traversal: TraversalExpression, report: Report): Resolution | undefined
  /** Roots in scope, for suggestions. */
  names(): Iterable<string>
}

export interface Resolution {
  readonly value: Value
  readonly steps: number
}

/** A scope of plain names, as the variables of a test, of `templatefile`, or of a for expression. */
export function scopeOf(values: ReadonlyMap<string, Value> | Readonly<Record<string, Value>>, parent?: Scope): Scope {
  const map = values instanceof Map ? (values as ReadonlyMap<string, Value>) : new Map(Object.entries(values))
  return {
    resolve(traversal, report) {
      const value = map.get(traversal.root)
      return value === undefined ? parent?.resolve(traversal, report) : { value, steps: 0 }
    },
    *names() {
      yield* map.keys()
      if (parent) yield* parent.names()
    },
  }
}

export const EMPTY_SCOPE: Scope = scopeOf({})
