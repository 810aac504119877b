import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block, TraversalExpression } from '../hcl/ast.ts'
import type { Scope } from '../hcl/scope.ts'
import { INVALID, type Value } from '../hcl/value.ts'
import { formatAddress, withinModule } from './address.ts'
import { type Compiler, createSite, whereOf } from './compile.ts'
import type { CompileHost } from './host.ts'
import type { DeclaredBlock, Instance } from './instance.ts'
import { instanceScope, planInstances, type Repetition } from './instances.ts'
import { createReference, referenceValue } from './reference.ts'
import { reportRecursiveFlow, type Trail } from './trail.ts'

/** The instances of all blocks, made when somebody asks: `for_each` may use other blocks. */
export interface Instances {
  of(block: DeclaredBlock, askedBy?: TraversalExpression): readonly Instance[]
  /** What `model.fast` is as a value; its attributes are worked out when they are read. */
  referenceTo(instance: Instance, askedAt: () => SourceRange): Value
  /** `single` until its instances were asked for. */
  repetitionOf(block: Block): Repetition
  readonly compiler: Compiler
}

export interface InstanceHost {
  readonly host: CompileHost
  readonly trail: Trail
  readonly compiler: Compiler
  /** The names of the configuration, which in turn need the instances. */
  readonly names: () => Scope
  /** `module.kb["de"]`; undefined for the root. */
  readonly module: string | undefined
  readonly report: Report
}

export function createInstances({ host, trail, compiler, names, module, report }: InstanceHost): Instances {
  const made = new Map<DeclaredBlock, readonly Instance[]>()
  const repetitions = new Map<Block, Repetition>()
  return {
    compiler,
    repetitionOf: block => repetitions.get(block) ?? 'single',
    of(declared, askedBy) {
      const known = made.get(declared)
      if (known) return known
      const { kind, name, block } = declared
      const text = withinModule(module, `${kind}.${name}`)
      const { evaluation } = createSite(block, text, whereOf(declared, module), names(), host, report)
      const plan = trail.enter(text, askedBy?.range, report, () => planInstances(block, evaluation))
      if (plan === undefined) return []
      repetitions.set(block, plan.repetition)
      const instances = plan.instances.map(({ key, names: own }): Instance => {
        const address = { ...(module === undefined ? {} : { module }), kind, name, ...(key === undefined ? {} : { key }) }
        return { address, text: formatAddress(address), declared, scope: instanceScope(own, names()) }
      })
      made.set(declared, instances)
      return instances
    },
    referenceTo(instance, askedAt) {
      const read = (name: string) => {
        const attribute = trail.enter(instance.text, askedAt(), report, () => ({ value: compiler.attribute(instance, name) }))
        return attribute === undefined ? INVALID : attribute.value
      }
      const compiled = () => trail.enter(instance.text, askedAt(), report, () => compiler.compile(instance), reportRecursiveFlow)
      return referenceValue(createReference(instance.address, { read, names: () => compiler.attributeNames(instance), compiled }))
    },
  }
}
