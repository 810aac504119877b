/** One comparison of a constraint such as `>= 1.0, < 2.0`. */
export interface Comparison {
  readonly operator: '=' | '!=' | '>' | '>=' | '<' | '<=' | '~>'
  /** As many parts as were written: `~> 1.2` and `~> 1.2.0` differ. */
  readonly parts: readonly number[]
}

const COMPARISON = /^(=|!=|>=|<=|~>|>|<)?\s*(\d+(?:\.\d+){0,2})$/

/** @returns undefined when the text is no constraint. */
export function parseConstraint(text: string): readonly Comparison[] | undefined {
  const comparisons: Comparison[] = []
  for (const item of text.split(',')) {
    const match = COMPARISON.exec(item.trim())
    if (!match) return undefined
    comparisons.push({ operator: (match[1] ?? '=') as Comparison['operator'], parts: (match[2] ?? '').split('.').map(Number) })
  }
  return comparisons
}

/** @param version `1.4.0`; a pre-release suffix is left out of the comparison. */
export function satisfies(version: string, constraint: readonly Comparison[]): boolean {
  const parts = (version.split('-')[0] ?? '').split('.').map(Number)
  return constraint.every(comparison => holds(parts, comparison))
}

function holds(version: readonly number[], { operator, parts }: Comparison): boolean {
  const order = compare(version, parts)
  switch (operator) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '~>':
      // Only the last written part may grow: ~> 1.2 allows 1.9, ~> 1.2.0 allows 1.2.9.
      return order >= 0 && parts.slice(0, -1).every((part, index) => version[index] === part)
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
