import { enumerate } from '../base/enumerate.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { TraversalExpression, TraversalStep } from '../hcl/ast.ts'
import type { Resolution, Scope } from '../hcl/scope.ts'
import { type ObjectType, plainType, type Type } from '../hcl/type.ts'
import { describeType } from '../hcl/type-text.ts'
import { INVALID, unknownValue } from '../hcl/value.ts'
import { near } from './decode/body.ts'

/** Names that are known only when a flow runs, with what is known of them now: their types. */
export interface DeferredNames {
  readonly roots: ReadonlyMap<string, DeferredRoot>
  /** Filled while expressions are evaluated: `input.question`, or `input` when all of it was taken. */
  readonly used: Set<string>
}

export interface DeferredRoot {
  /** As a sentence begins with it: `The input of prompt.answer`. */
  readonly label: string
  /** Of an unknown field. */
  readonly code: 'config/unknown-input' | 'config/unknown-attribute'
  /** Absent: nothing is declared. */
  readonly type?: Type
  readonly declaredAt?: SourceRange
}

/** The plan-time names and the deferred ones: these are unknown values of their declared types, so misuse is found now. */
export function createDeferredScope(parent: Scope, names: DeferredNames): Scope {
  return {
    resolve(traversal, report) {
      const root = names.roots.get(traversal.root)
      return root === undefined ? parent.resolve(traversal, report) : resolveDeferred(traversal, root, names, report)
    },
    *names() {
      yield* names.roots.keys()
      yield* parent.names()
    },
  }
}

function resolveDeferred(traversal: TraversalExpression, root: DeferredRoot, names: DeferredNames, report: Report): Resolution {
  const [step] = traversal.steps
  const type = root.type && plainType(root.type)
  if (type === undefined) {
    reportUndeclared(traversal, root, report)
    return { value: INVALID, steps: traversal.steps.length }
  }
  if (type.kind !== 'object' || step === undefined) {
    names.used.add(traversal.root)
    return { value: unknownValue(type), steps: 0 }
  }
  const attribute = type.attributes.get(String(step.key))
  if (attribute === undefined) {
    reportUnknownField(traversal, step, root, type, report)
    return { value: INVALID, steps: traversal.steps.length }
  }
  names.used.add(`${traversal.root}.${step.key}`)
  return { value: unknownValue(attribute.type, { nullable: attribute.optional && attribute.default === undefined }), steps: 1 }
}

function reportUndeclared(traversal: TraversalExpression, root: DeferredRoot, report: Report): void {
  const [step] = traversal.steps
  report.error({
    code: root.code,
    summary: `${root.label} is not declared`,
    detail: `Declare what it takes: ${traversal.root} { field "${step?.key ?? 'NAME'}" … } with a type.`,
    subject: traversal.range,
  })
}

function reportUnknownField(
  traversal: TraversalExpression,
  step: TraversalStep,
  root: DeferredRoot,
  type: ObjectType,
  report: Report,
): void {
  const fields = [...type.attributes].map(([name, attribute]) => `${name} (${describeType(attribute.type)})`)
  const { source, end } = step.range
  const written = String(step.key)
  report.error({
    code: root.code,
    summary: `${root.label} has no field "${written}"`,
    detail:
      fields.length === 0
        ? 'It has no fields at all.'
        : fields.length === 1
          ? `The only field is ${fields[0]}.`
          : `The fields are ${enumerate(fields, 'and')}.`,
    subject: step.kind === 'attribute' ? { source, start: end - written.length, end } : step.range,
    ...(root.declaredAt ? { related: [{ range: root.declaredAt, message: `the ${traversal.root} is declared here` }] } : {}),
    ...near(written, type.attributes.keys()),
  })
}

/** Where each deferred name is in scope, for names that stand elsewhere (blocks.md 1.4). */
export const DEFERRED_SCOPES: ReadonlyMap<string, string> = new Map([
  ['input', 'the messages and validations of a prompt, in a tool and in a workflow'],
  ['output', 'output validations and tiers of a prompt'],
  ['request', 'the answers and faults of a simulated provider'],
  ['response', 'the http block of a tool'],
  ['node', 'a workflow'],
  ['session', 'a workflow'],
  ['run', 'a workflow'],
  ['item', 'the body of a map'],
  ['loop', 'the body of a loop'],
  ['exit', '"on" of a node'],
])
