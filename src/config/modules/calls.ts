import { enumerate } from '../../base/enumerate.ts'
import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, TraversalExpression } from '../../hcl/ast.ts'
import type { Resolution, Scope } from '../../hcl/scope.ts'
import { INVALID, NO_MARKS, objectValue, tupleValue, type Value } from '../../hcl/value.ts'
import { formatKey, type InstanceKey, withinModule } from '../address.ts'
import { near } from '../decode/body.ts'
import { type InstancePlan, instanceScope, planInstances, type Repetition } from '../instances.ts'
import { listed, NAMES_LISTED, unknownName } from '../unknown-name.ts'
import type { Loading, ModuleCalls, ModuleInstance } from './module-instance.ts'

/** Instances of modules in one configuration: more are a mistake. */
const MAX_INSTANCES = 10_000

/** @param instantiate makes one instance of what a block calls. */
export type Instantiate = (block: Block, path: string, scope: Scope) => ModuleInstance | undefined

/** The instances of one `module` block. */
interface Called {
  readonly repetition: Repetition
  /** The one of a block that stands once has the key 0. */
  readonly byKey: ReadonlyMap<InstanceKey, ModuleInstance>
}

const NOT_YET: Called = { repetition: 'single', byKey: new Map() }

/** The calls of one module instance, made when somebody asks: `for_each` may use blocks, and outputs of other modules. */
export function createModuleCalls(loading: Loading, caller: () => ModuleInstance, instantiate: Instantiate): ModuleCalls {
  const made = new Map<Block, Called>()

  function calledBy(block: Block, askedAt?: SourceRange): Called {
    const known = made.get(block)
    if (known) return known
    const { path, names, site } = caller()
    const name = block.labels[0]?.text ?? ''
    const text = withinModule(path, `module.${name}`)
    const { evaluation } = site(block, `in module "${name}"`)
    const plan = loading.trail.enter(text, askedAt, loading.report, () => planInstances(block, evaluation))
    if (plan === undefined) return NOT_YET
    const byKey = new Map<InstanceKey, ModuleInstance>()
    for (const { key, names: own } of withinLimit(block, plan, loading)) {
      const instance = instantiate(block, key === undefined ? text : text + formatKey(key), instanceScope(own, names))
      if (instance) byKey.set(key ?? 0, instance)
    }
    const called = { repetition: plan.repetition, byKey }
    made.set(block, called)
    return called
  }

  return {
    all: () => [...caller().declarations.modules.values()].flatMap(block => [...calledBy(block).byKey.values()]),
    of: block => [...calledBy(block).byKey.values()],
    repetitionOf: block => made.get(block)?.repetition ?? 'single',
    resolve(traversal, report) {
      const { declarations, parsed } = caller()
      const name = String(traversal.steps[0]?.key ?? '')
      const block = declarations.modules.get(name)
      if (block === undefined) return unknownModule(name, [...declarations.modules.keys()], traversal, report)
      const called = calledBy(block, traversal.range)
      const [first] = called.byKey.values()
      if (called.repetition === 'single' && first) return outputOf(first, 1, name, traversal, report)
      // Why it could not be read, or has no instances yet, was told.
      if (called.repetition === 'single' || !parsed.modules.has(block)) return { value: INVALID, steps: traversal.steps.length }
      return oneOfMany(name, called, traversal, report)
    },
  }
}

/** `module.kb["de"].text`, `module.kb["de"]`, or `module.kb` for all of them. */
function oneOfMany(name: string, { repetition, byKey }: Called, traversal: TraversalExpression, report: Report): Resolution {
  const [, keyStep] = traversal.steps
  if (keyStep?.kind !== 'index' && !(keyStep && repetition === 'for_each')) {
    const members = [...byKey].map(([key, instance]) => [String(key), moduleValue(instance, traversal.range)] as const)
    return { value: repetition === 'count' ? tupleValue(members.map(([, value]) => value)) : objectValue(new Map(members)), steps: 1 }
  }
  const found = byKey.get(keyStep.key)
  if (found) return outputOf(found, 2, name + formatKey(keyStep.key), traversal, report)
  return unknownInstance(name + formatKey(keyStep.key), [...byKey.values()], traversal, report)
}

function withinLimit(block: Block, plan: InstancePlan, loading: Loading): InstancePlan['instances'] {
  const kept = plan.instances.filter(() => loading.countInstance() <= MAX_INSTANCES)
  if (kept.length === plan.instances.length) return kept
  loading.report.error({
    code: 'config/too-many-modules',
    summary: `The configuration has more than ${MAX_INSTANCES.toLocaleString('en')} instances of modules`,
    detail: `This call would make ${plan.instances.length.toLocaleString('en')} more of them. Use fewer keys, or for_each on the blocks inside of the module.`,
    subject: block.headerRange,
  })
  return []
}

/** @param at the step that names the output. */
function outputOf(instance: ModuleInstance, at: number, name: string, traversal: TraversalExpression, report: Report): Resolution {
  const step = traversal.steps[at]
  if (step === undefined) return { value: moduleValue(instance, traversal.range), steps: at }
  const value = instance.output(String(step.key), traversal.range)
  if (value !== undefined) return { value, steps: at + 1 }
  return unknownName(traversal, report, () => {
    const outputs = [...instance.declarations.outputs.keys()]
    return {
      summary: `module.${name} has no output "${step.key}"`,
      detail:
        outputs.length === 0
          ? 'It has no outputs at all. Give it one: output "NAME" { value = … }.'
          : outputs.length > NAMES_LISTED
            ? `It has ${outputs.length} outputs.`
            : `${outputs.length === 1 ? 'Its only output is' : 'Its outputs are'} ${enumerate([...outputs].sort(), 'and')}.`,
      ...near(String(step.key), outputs, `module.${name}.`),
    }
  })
}

/** A module as a value: its outputs are worked out when they are read. */
function moduleValue(instance: ModuleInstance, askedAt: SourceRange): Value {
  return {
    kind: 'capsule',
    type: { kind: 'capsule', name: 'module' },
    content: {
      label: instance.path ?? '',
      attribute: name => instance.output(name, askedAt),
      attributeNames: () => [...instance.declarations.outputs.keys()],
    },
    marks: NO_MARKS,
  }
}

function unknownModule(name: string, names: readonly string[], traversal: TraversalExpression, report: Report): Resolution {
  return unknownName(traversal, report, () => ({
    summary: name === '' ? '"module" needs a name' : `There is no module "${name}"`,
    detail: names.length === 0 ? `Call it: module "${name || 'NAME'}" { source = "./modules/…" }.` : listed('module', names, 'module'),
    ...near(name, names, 'module.'),
  }))
}

function unknownInstance(name: string, instances: readonly ModuleInstance[], traversal: TraversalExpression, report: Report): Resolution {
  return unknownName(traversal, report, () => {
    const paths = instances.flatMap(({ path }) => path ?? [])
    const few =
      paths.length === 0
        ? 'It has no instances at all.'
        : paths.length === 1
          ? `The only instance is ${paths[0]}.`
          : `The instances are ${enumerate(paths, 'and')}.`
    return { summary: `There is no module.${name}`, detail: paths.length > NAMES_LISTED ? `It has ${paths.length} instances.` : few }
  })
}
