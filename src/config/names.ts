import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Expression, TraversalExpression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import type { EvaluationContext } from '../hcl/function.ts'
import type { Resolution, Scope } from '../hcl/scope.ts'
import { INVALID, objectValue, stringValue, type Value } from '../hcl/value.ts'
import { withinModule } from './address.ts'
import { createBlockResolver, type InstanceSource } from './block-names.ts'
import { near } from './decode/body.ts'
import { DEFERRED_SCOPES } from './deferred-scope.ts'
import type { DeclaredBlock } from './instance.ts'
import { reportUnknownLocal } from './settings-scope.ts'
import type { Trail } from './trail.ts'
import { listed, unknownName } from './unknown-name.ts'

/** What the plan-time names of a configuration are made of. */
export interface NameSources extends InstanceSource {
  /** Absolute: the folder of the project, and that of the module whose names these are. */
  readonly root: string
  readonly folder: string
  readonly project: string
  readonly environment: string
  /** `module.kb["de"]`; undefined for the root. */
  readonly module: string | undefined
  readonly variables: VariableValues
  readonly locals: ReadonlyMap<string, Expression>
  readonly blocks: ReadonlyMap<string, ReadonlyMap<string, DeclaredBlock>>
  /** `module.kb.text`. */
  readonly resolveModule: Scope['resolve']
  readonly trail: Trail
  /** For locals: they report in their own name, whoever asked first. */
  readonly contextOf: (scope: Scope) => EvaluationContext
  /** Called with `var.tier`, `local.topics`: what is never used is a warning. */
  onUse(name: string): void
}

/** The values of variables: of the root all known before, of a module each when somebody asks. */
export interface VariableValues {
  names(): Iterable<string>
  /** @returns undefined when no such variable is declared. */
  read(name: string, askedAt: SourceRange): Value | undefined
}

/** `var`, `local`, `module`, `path`, `flowrun` and every published block by its address. */
export function createNames(sources: NameSources): Scope {
  const path = objectValue({ root: stringValue(sources.root), module: stringValue(sources.folder) })
  const flowrun = objectValue({ project: stringValue(sources.project), environment: stringValue(sources.environment) })
  const locals = new Map<string, Value>()
  const resolveBlock = createBlockResolver(sources)

  function resolveVariable(traversal: TraversalExpression, report: Report): Resolution {
    const name = String(traversal.steps[0]?.key ?? '')
    const value = sources.variables.read(name, traversal.range)
    if (value !== undefined) {
      sources.onUse(`var.${name}`)
      return { value, steps: 1 }
    }
    return unknownName(traversal, report, () => {
      const names = [...sources.variables.names()]
      return {
        summary: name === '' ? '"var" needs a name' : `There is no variable "${name}"`,
        detail: names.length === 0 ? `Declare it: variable "${name}" { … }.` : listed('variable', names, 'var'),
        ...near(name, names, 'var.'),
      }
    })
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
      value =
        sources.trail.enter(withinModule(sources.module, `local.${name}`), traversal.range, context.report, () =>
          evaluate(expression, context),
        ) ?? INVALID
      locals.set(name, value)
    }
    return { value, steps: 1 }
  }

  const scope: Scope = {
    resolve(traversal, report) {
      switch (traversal.root) {
        case 'var':
          return resolveVariable(traversal, report)
        case 'local':
          return resolveLocal(traversal, report)
        case 'module':
          return sources.resolveModule(traversal, report)
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
      return tooEarly(traversal, home, report)
    },
    names: () => ['var', 'local', 'module', 'path', 'flowrun', ...sources.blocks.keys()],
  }
  return scope
}

/** Names that stand for something in some blocks only. */
const PLACES: ReadonlyMap<string, string> = new Map([
  ['each', 'in a block with for_each'],
  ['count', 'in a block with count'],
  ['self', 'in a postcondition'],
])

function tooEarly(traversal: TraversalExpression, home: string, report: Report): Resolution {
  report.error({
    code: 'config/deferred-not-allowed',
    summary: `"${traversal.root}" is not known when you plan`,
    detail: `It is known only when a flow runs, and may be used in ${home}. A value that is known already is a variable: \${var.NAME}.`,
    subject: traversal.range,
  })
  return { value: INVALID, steps: traversal.steps.length }
}

function outOfPlace(traversal: TraversalExpression, place: string, report: Report): Resolution {
  report.error({
    code: 'config/not-in-scope',
    summary: `"${traversal.root}" is not known here`,
    detail: `It is known ${place}.`,
    subject: traversal.range,
  })
  return { value: INVALID, steps: traversal.steps.length }
}
