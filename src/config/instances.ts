import type { Report } from '../diagnostics/report.ts'
import type { Attribute, Block } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import type { EvaluationContext } from '../hcl/function.ts'
import type { Scope } from '../hcl/scope.ts'
import { deepMarks, isWhollyKnown, numberValue, objectValue, sortedEntries, stringValue, type Value } from '../hcl/value.ts'
import type { InstanceKey } from './address.ts'

/** Why a block has several instances, or none. */
export type Repetition = 'single' | 'for_each' | 'count'

export interface InstancePlan {
  readonly repetition: Repetition
  readonly instances: readonly { readonly key?: InstanceKey; readonly names: ReadonlyMap<string, Value> }[]
}

const SINGLE: InstancePlan = { repetition: 'single', instances: [{ names: new Map() }] }
const MAX_COUNT = 100_000

/** How often a block stands: once, once per key of `for_each`, or `count` times. */
export function planInstances(block: Block, context: EvaluationContext): InstancePlan {
  const forEach = findAttribute(block, 'for_each')
  const count = findAttribute(block, 'count')
  if (forEach && count) {
    context.report.error({
      code: 'config/conflicting-arguments',
      summary: '"for_each" and "count" exclude each other',
      detail: 'Keep for_each where instances have names, count where they are just so many.',
      subject: count.range,
      related: [{ range: forEach.range, message: 'the other one' }],
    })
    return { repetition: 'for_each', instances: [] }
  }
  if (forEach) return { repetition: 'for_each', instances: forEachInstances(forEach, context) }
  return count ? { repetition: 'count', instances: countInstances(count, context) } : SINGLE
}

export function findAttribute(block: Block, name: string): Attribute | undefined {
  return block.body.items.find((item): item is Attribute => item.kind === 'attribute' && item.name === name)
}

function forEachInstances(attribute: Attribute, context: EvaluationContext): InstancePlan['instances'] {
  const value = evaluate(attribute.expression, context)
  if (value.kind === 'unknown' && value.invalid) return []
  const problem = forEachProblem(value)
  if (problem !== undefined) {
    context.report.error({
      code: 'config/bad-for-each',
      summary: `"for_each" cannot be ${problem}`,
      detail: 'It takes a map, or a set of strings such as toset(["de", "en"]): each key makes one instance.',
      subject: attribute.expression.range,
    })
    return []
  }
  if (value.kind === 'set') return value.items.flatMap(item => (item.kind === 'string' ? [eachInstance(item.value, item)] : []))
  return value.kind === 'map' || value.kind === 'object'
    ? sortedEntries(value.entries).map(([key, member]) => eachInstance(key, member))
    : []
}

function forEachProblem(value: Value): string | undefined {
  if (value.kind === 'null') return 'null'
  if (!isWhollyKnown(value)) return 'known only later'
  if (deepMarks(value) !== 0) return 'sensitive: its keys are shown in addresses'
  if (value.kind === 'map' || value.kind === 'object') return undefined
  if (value.kind === 'set') return value.items.every(item => item.kind === 'string') ? undefined : 'a set of anything but strings'
  return value.kind === 'tuple' || value.kind === 'list' ? 'a list, whose keys would move when an element is inserted' : `a ${value.kind}`
}

function eachInstance(key: string, value: Value): InstancePlan['instances'][number] {
  return { key, names: new Map([['each', objectValue({ key: stringValue(key), value })]]) }
}

function countInstances(attribute: Attribute, context: EvaluationContext): InstancePlan['instances'] {
  const value = evaluate(attribute.expression, context)
  if (value.kind === 'unknown' && value.invalid) return []
  if (value.kind === 'number' && Number.isInteger(value.value) && value.value >= 0 && value.value <= MAX_COUNT) {
    return Array.from({ length: value.value }, (_, index) => ({
      key: index,
      names: new Map([['count', objectValue({ index: numberValue(index) })]]),
    }))
  }
  context.report.error({
    code: 'config/out-of-range',
    summary: `"count" must be a whole number from 0 to ${MAX_COUNT.toLocaleString('en')}`,
    subject: attribute.expression.range,
  })
  return []
}

/** Names of one instance (`each`, `count`) over those of its block. */
export function instanceScope(names: ReadonlyMap<string, Value>, parent: Scope): Scope {
  if (names.size === 0) return parent
  return {
    resolve(traversal, report: Report) {
      const value = names.get(traversal.root)
      return value === undefined ? parent.resolve(traversal, report) : { value, steps: 0 }
    },
    *names() {
      yield* names.keys()
      yield* parent.names()
    },
  }
}
