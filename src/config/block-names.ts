import { enumerate } from '../base/enumerate.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { TraversalExpression } from '../hcl/ast.ts'
import type { Resolution } from '../hcl/scope.ts'
import { INVALID, objectValue, tupleValue, type Value } from '../hcl/value.ts'
import { formatKey, type InstanceKey } from './address.ts'
import { near } from './decode/body.ts'
import type { DeclaredBlock, Instance } from './instance.ts'
import { listed, NAMES_LISTED, unknownName } from './unknown-name.ts'

/** Who knows the instances of blocks. */
export interface InstanceSource {
  instancesOf(block: DeclaredBlock, askedBy: TraversalExpression): readonly Instance[]
  /** @param askedAt where it is used now: the value of all instances is made once, and used at many places. */
  referenceTo(instance: Instance, askedAt: () => SourceRange): Value
}

/** Resolves `model.fast` and `prompt.greet["de"]` among the blocks of one kind. */
export type BlockResolver = (
  kind: string,
  blocks: ReadonlyMap<string, DeclaredBlock>,
  traversal: TraversalExpression,
  report: Report,
) => Resolution

/** A block with several instances. */
interface Repeated {
  readonly byKey: ReadonlyMap<InstanceKey, Instance>
  /** All instances; a tuple for `count`, an object for `for_each`. */
  value: Value | undefined
  askedAt: SourceRange
}

export function createBlockResolver(source: InstanceSource): BlockResolver {
  const repeated = new Map<DeclaredBlock, Repeated>()

  function instanceOf(block: DeclaredBlock, traversal: TraversalExpression, report: Report): Resolution {
    const instances = source.instancesOf(block, traversal)
    if (block.repetition() === 'single') {
      const [only] = instances
      return { value: only ? source.referenceTo(only, () => traversal.range) : INVALID, steps: 1 }
    }
    const all = repeatedOf(block, instances, traversal)
    const keyStep = traversal.steps[1]
    if (keyStep?.kind !== 'index' && !(keyStep && block.repetition() === 'for_each')) return { value: valueOfAll(block, all), steps: 1 }
    const found = all.byKey.get(keyStep.key)
    if (found) return { value: source.referenceTo(found, () => traversal.range), steps: 2 }
    return unknownInstance(block, keyStep.key, instances, traversal, report)
  }

  function repeatedOf(block: DeclaredBlock, instances: readonly Instance[], { range }: TraversalExpression): Repeated {
    let found = repeated.get(block)
    if (found === undefined) {
      found = { byKey: new Map(instances.map(instance => [instance.address.key ?? 0, instance])), value: undefined, askedAt: range }
      // A block whose instances are being worked out has none yet.
      if (instances.length > 0) repeated.set(block, found)
    }
    found.askedAt = range
    return found
  }

  function valueOfAll(block: DeclaredBlock, all: Repeated): Value {
    if (all.value === undefined) {
      const references = [...all.byKey].map(([key, instance]) => [String(key), source.referenceTo(instance, () => all.askedAt)] as const)
      all.value = block.repetition() === 'count' ? tupleValue(references.map(([, value]) => value)) : objectValue(new Map(references))
    }
    return all.value
  }

  return (kind, blocks, traversal, report) => {
    const block = blocks.get(String(traversal.steps[0]?.key ?? ''))
    return block ? instanceOf(block, traversal, report) : unknownBlock(kind, blocks, traversal, report)
  }
}

const unknownBlock: BlockResolver = (kind, blocks, traversal, report) => {
  const name = String(traversal.steps[0]?.key ?? '')
  const labels = [...blocks.keys()]
  return unknownName(traversal, report, () => ({
    summary: name === '' ? `"${kind}" needs a name` : `There is no ${kind} "${name}"`,
    detail:
      labels.length === 0 ? `There is no ${kind} here at all. Declare it: ${kind} "${name || 'NAME'}" { … }.` : listed(kind, labels, kind),
    ...near(name, labels, `${kind}.`),
  }))
}

function unknownInstance(
  { kind, name }: DeclaredBlock,
  key: InstanceKey,
  instances: readonly Instance[],
  traversal: TraversalExpression,
  report: Report,
): Resolution {
  return unknownName(traversal, report, () => {
    const keys = instances.map(instance => `${kind}.${name}${formatKey(instance.address.key ?? '')}`)
    const few = keys.length === 0 ? 'It has no instances at all.' : `It has ${enumerate(keys, 'and')}.`
    return {
      summary: `${kind}.${name} has no instance ${formatKey(key)}`,
      detail: keys.length > NAMES_LISTED ? `It has ${keys.length} instances.` : few,
    }
  })
}
