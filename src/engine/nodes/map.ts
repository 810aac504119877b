import type { Deferred } from '../../artifact/deferred.ts'
import type { NodeArguments } from '../../artifact/workflow.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { jsonSize } from '../../base/json-size.ts'
import { fromJson } from '../../hcl/json-value.ts'
import { numberValue, objectValue, stringValue, type Value } from '../../hcl/value.ts'
import { type Bodies, defineNode, type NodeContext, NodeFailure } from '../interpreter/behaviour.ts'
import { bounded, MAX_VALUE_SIZE } from '../interpreter/value-size.ts'

type Given = NodeArguments['map']

/** Runs its body once for each item, a bounded number at once; what comes out has the order of what went in. */
export const mapNode = defineNode<'map'>({
  begin(given, context) {
    const items = itemsOf(given, context)
    return { kind: 'bodies', bodies: itemBodies(given, items, keysOf(given, items, context), context.node.output ?? null) }
  },
})

function itemsOf({ items: wanted, max_items: limit }: Given, { node, evaluate }: NodeContext): readonly JsonValue[] {
  const items = evaluate(wanted)
  if (items === null) throw new NodeFailure('map/null-items', `The items of "${node.name}" are null; coalesce(…, []) stands for none`)
  if (!Array.isArray(items)) throw new NodeFailure('map/not-a-list', `The items of "${node.name}" are not a list`)
  if (items.length > limit)
    throw new NodeFailure('map/too-many-items', `"${node.name}" has ${items.length} items, and max_items is ${limit}`)
  return items
}

/** Texts that name the items; absent: their numbers do. */
function keysOf({ item_key: wanted }: Given, items: readonly JsonValue[], { node, evaluate }: NodeContext): readonly string[] | undefined {
  if (wanted === undefined) return undefined
  const seen = new Map<string, number>()
  for (const [index, item] of items.entries()) {
    const value = evaluate(wanted, { item: objectValue({ value: fromJson(item), index: numberValue(index) }) })
    if (value === null || typeof value === 'object')
      throw new NodeFailure('map/bad-key', `The key of item ${index} of "${node.name}" is not text`)
    const key = String(value)
    const other = seen.get(key)
    if (other !== undefined)
      throw new NodeFailure('map/duplicate-key', `Items ${other} and ${index} of "${node.name}" have one key, ${JSON.stringify(key)}`)
    seen.set(key, index)
  }
  return [...seen.keys()]
}

function itemBodies(given: Given, items: readonly JsonValue[], keys: readonly string[] | undefined, output: Deferred): Bodies {
  const { concurrency, on_item_error: policy } = given
  const results = new Map<number, JsonValue>()
  const errors = new Map<number, JsonObject>()
  let started = 0
  let size = 0
  return {
    concurrency,
    next() {
      // Results are kept until the last is there: the list is not to outgrow what may come of it.
      if (size > MAX_VALUE_SIZE) bounded([...results.values()])
      if (started === items.length) return undefined
      const index = started++
      const key = keys?.[index]
      const item = itemValue(items[index] ?? null, index, key ?? String(index))
      return { index, step: `[${key === undefined ? index : JSON.stringify(key)}]`, names: { item } }
    },
    completed({ index }, evaluate) {
      const result = evaluate(output)
      size += jsonSize(result)
      results.set(index, result)
    },
    failed({ index }, { error: { code, message }, node }) {
      errors.set(index, { index, key: keys?.[index] ?? String(index), node, code, message })
      return policy !== 'fail_fast'
    },
    outcome() {
      const attributes = collected(items.length, results, errors, policy === 'drop')
      bounded(attributes)
      return { status: 'succeeded', exit: 'done', attributes }
    },
  }
}

function itemValue(value: JsonValue, index: number, key: string): Value {
  return objectValue({ value: fromJson(value), index: numberValue(index), key: stringValue(key) })
}

function collected(
  count: number,
  results: ReadonlyMap<number, JsonValue>,
  errors: ReadonlyMap<number, JsonObject>,
  isDropping: boolean,
): JsonObject {
  const all = Array.from({ length: count }, (_, index) => index)
  const kept = isDropping ? all.filter(index => results.has(index)) : all
  return {
    output: kept.map(index => results.get(index) ?? null),
    errors: [...errors].sort(([a], [b]) => a - b).map(([, error]) => error),
    succeeded: results.size,
    failed: errors.size,
    indexes: kept,
  }
}
