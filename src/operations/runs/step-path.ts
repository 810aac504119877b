import type { StepPath } from '../../engine/interpreter/command.ts'

/** A name, and the item or the iteration of its body: `pages[17]`, `pages["a.b"]`. */
const PART = /([^.[\]]+)(?:\[("(?:[^"\\]|\\.)*"|\d+)\])?/g

/** `pages`, `extract` of `pages[17].extract`. */
export function namesOf(path: StepPath): readonly string[] {
  return [...path.matchAll(PART)].map(([, name = '']) => name)
}

/** The node of the graph that a step belongs to: `pages` of `pages[17].extract`. */
export function topOf(path: StepPath): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path
}

/** The map or loop whose body a step is in: `pages` of `pages[17].extract`; undefined: it is in none. */
export function outerOf(path: StepPath): StepPath | undefined {
  return /^(.*)\[(?:"(?:[^"\\]|\\.)*"|\d+)\]\.[^.[\]]+$/.exec(path)?.[1]
}

/** By items and iterations as numbers; names stay in the order of the texts. */
export function compareSteps(a: StepPath, b: StepPath): number {
  const [left, right] = [[...a.matchAll(PART)], [...b.matchAll(PART)]]
  for (const [index, [, name = '', key = '']] of left.entries()) {
    const [, otherName, otherKey = ''] = right[index] ?? []
    if (otherName === undefined) return 1
    const byKey = Number(key) - Number(otherKey)
    if (name !== otherName) return name < otherName ? -1 : 1
    if (key !== otherKey) return Number.isNaN(byKey) ? (key < otherKey ? -1 : 1) : byKey
  }
  return left.length - right.length
}
