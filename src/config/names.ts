import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Expression, TraversalExpression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import type { EvaluationContext } from '../hcl/function.ts'
import type { Resolution, Scope } from '../hcl/scope.ts'
import { INVALID, objectValue, stringValue, tupleValue, type Value } from '../hcl/value.ts'
import { formatKey, type InstanceKey } from './address.ts'
import { enumerate, near } from './decode/body.ts'
import { DEFERRED_SCOPES } from './deferred-scope.ts'
import type { DeclaredBlock, Instance } from './instance.ts'
import { reportUnknownLocal } from './settings-scope.ts'
import type { Trail } from './trail.ts'

/** What the plan-time names of a configuration are made of. */
export interface NameSources {
  readonly root: string
  readonly project: string
  readonly environment: string
  readonly variables: ReadonlyMap<string, Value>
  readonly locals: ReadonlyMap<string, Expression>
  readonly blocks: ReadonlyMap<string, ReadonlyMap<string, DeclaredBlock>>
  readonly trail: Trail
  /** For locals: they report in their own name, whoever asked first. */
  readonly contextOf: (scope: Scope) => EvaluationContext
  instancesOf(block: DeclaredBlock, askedBy: TraversalExpression): readonly Instance[]
  /** @param askedAt where it is used now: the value of all instances is made once, and used at many places. */
  referenceTo(instance: Instance, askedAt: () => SourceRange): Value
  /** Called with `var.tier`, `local.topics`: what is never used is a warning. */
  onUse(name: string): void
}

/** Names that a message lists in full. */
const NAMES_LISTED = 12
/** Errors after which a name is no longer compared with all others: nobody reads so many, and 5,000 of 5,000 would take minutes. */
const ERRORS_EXPLAINED = 100

/** A block with several instances. */
interface Repeated {
  readonly byKey: ReadonlyMap<InstanceKey, Instance>
  /** All instances; a tuple for `count`, an object for `for_each`. */
  value: Value | undefined
  askedAt: SourceRange
}

/** `var`, `local`, `path`, `flowrun` and every published block by its address. */
export function createNames(sources: NameSources): Scope {
  const path = objectValue({ root: stringValue(sources.root), module: stringValue(sources.root) })
  const flowrun = objectValue({ project: stringValue(sources.project), environment: stringValue(sources.environment) })
  const locals = new Map<string, Value>()
  const repeated = new Map<DeclaredBlock, Repeated>()

  function resolveVariable(traversal: TraversalExpression, report: Report): Resolution {
    const name = String(traversal.steps[0]?.key ?? '')
    const value = sources.variables.get(name)
    if (value !== undefined) {
      sources.onUse(`var.${name}`)
      return { value, steps: 1 }
    }
    return unknown(traversal, report, () => ({
      summary: name === '' ? '"var" needs a name' : `There is no variable "${name}"`,
      detail:
        sources.variables.size === 0 ? `Declare it: variable "${name}" { … }.` : listed('variable', [...sources.variables.keys()], 'var'),
      ...near(name, sources.variables.keys(), 'var.'),
    }))
  }

  function resolveLocal(traversal: TraversalExpression, report: Report): Resolution {
    const name = String(traversal.steps[0]?.key ?? '')
    const expression = sources.locals.get(name)
    if (expression === undefined) {
      reportUnknownLocal(traversal, name, sources.locals, report)
      return { value: INVALID, steps: traversal.steps.length }
    }
    sources.onUse(`local.${name}`)
    let value = locals.get(name)
    if (value === undefined) {
      const context = sources.contextOf(scope)
      value = sources.trail.enter(`local.${name}`, traversal.range, context.report, () => evaluate(expression, context)) ?? INVALID
      locals.set(name, value)
    }
    return { value, steps: 1 }
  }

  function resolveBlock(
    kind: string,
    blocks: ReadonlyMap<string, DeclaredBlock>,
    traversal: TraversalExpression,
    report: Report,
  ): Resolution {
    const [nameStep, keyStep] = traversal.steps
    const name = String(nameStep?.key ?? '')
    const block = blocks.get(name)
    if (block === undefined) {
      const labels = [...blocks.keys()]
      return unknown(traversal, report, () => ({
        summary: name === '' ? `"${kind}" needs a name` : `There is no ${kind} "${name}"`,
        detail:
          labels.length === 0
            ? `There is no ${kind} here at all. Declare it: ${kind} "${name || 'NAME'}" { … }.`
            : listed(kind, labels, kind),
        ...near(name, labels, `${kind}.`),
      }))
    }
    const instances = sources.instancesOf(block, traversal)
    if (block.repetition() === 'single') {
      const [only] = instances
      return { value: only ? sources.referenceTo(only, () => traversal.range) : INVALID, steps: 1 }
    }
    const all = repeatedOf(block, instances, traversal)
    if (keyStep?.kind !== 'index' && !(keyStep && block.repetition() === 'for_each')) return { value: valueOfAll(block, all), steps: 1 }
    const found = all.byKey.get(keyStep.key)
    if (found) return { value: sources.referenceTo(found, () => traversal.range), steps: 2 }
    return unknown(traversal, report, () => {
      const keys = instances.map(instance => `${kind}.${name}${formatKey(instance.address.key ?? '')}`)
      return {
        summary: `${kind}.${name} has no instance ${formatKey(keyStep.key)}`,
        detail:
          keys.length === 0
            ? 'It has no instances at all.'
            : keys.length > NAMES_LISTED
              ? `It has ${keys.length} instances.`
              : `It has ${enumerate(keys, 'and')}.`,
      }
    })
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
      const references = [...all.byKey].map(([key, instance]) => [String(key), sources.referenceTo(instance, () => all.askedAt)] as const)
      all.value = block.repetition() === 'count' ? tupleValue(references.map(([, value]) => value)) : objectValue(new Map(references))
    }
    return all.value
  }

  const scope: Scope = {
    resolve(traversal, report) {
      switch (traversal.root) {
        case 'var':
          return resolveVariable(traversal, report)
        case 'local':
          return resolveLocal(traversal, report)
        case 'path':
          return { value: path, steps: 0 }
        case 'flowrun':
          return { value: flowrun, steps: 0 }
      }
      const blocks = sources.blocks.get(traversal.root)
      if (blocks) return resolveBlock(traversal.root, blocks, traversal, report)
      const place = PLACES.get(traversal.root)
      if (place !== undefined) return outOfPlace(traversal, place, report)
      const home = DEFERRED_SCOPES.get(traversal.root)
      if (home === undefined) return undefined
      report.error({
        code: 'config/deferred-not-allowed',
        summary: `"${traversal.root}" is not known when you plan`,
        detail: `It is known only when a flow runs, and may be used in ${home}. A value that is known already is a variable: \${var.NAME}.`,
        subject: traversal.range,
      })
      return { value: INVALID, steps: traversal.steps.length }
    },
    names: () => ['var', 'local', 'path', 'flowrun', ...sources.blocks.keys()],
  }
  return scope
}

/** Names that stand for something in some blocks only. */
const PLACES: ReadonlyMap<string, string> = new Map([
  ['each', 'in a block with for_each'],
  ['count', 'in a block with count'],
  ['self', 'in a postcondition'],
])

function outOfPlace(traversal: TraversalExpression, place: string, report: Report): Resolution {
  report.error({
    code: 'config/not-in-scope',
    summary: `"${traversal.root}" is not known here`,
    detail: `It is known ${place}.`,
    subject: traversal.range,
  })
  return { value: INVALID, steps: traversal.steps.length }
}

function unknown(
  traversal: TraversalExpression,
  report: Report,
  explain: () => { readonly summary: string; readonly detail?: string; readonly suggestions?: readonly string[] },
): Resolution {
  const message =
    report.errorCount < ERRORS_EXPLAINED ? explain() : { summary: `There is no ${[traversal.root, traversal.steps[0]?.key].join('.')}` }
  report.error({ code: 'config/unknown-reference', subject: traversal.range, ...message })
  return { value: INVALID, steps: traversal.steps.length }
}

/** `The models here are model.a and model.b.` */
function listed(kind: string, labels: readonly string[], prefix: string): string {
  const addresses = labels.map(label => `${prefix}.${label}`).sort()
  if (addresses.length > NAMES_LISTED) return `There are ${addresses.length} ${kind}s here.`
  return addresses.length === 1 ? `The only ${kind} here is ${addresses[0]}.` : `The ${kind}s here are ${enumerate(addresses, 'and')}.`
}
