import type { Report } from '../diagnostics/report.ts'
import type { Attribute, Expression, TraversalExpression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import { EXPRESSION_STEPS, type FunctionTable } from '../hcl/function.ts'
import type { Resolution, Scope } from '../hcl/scope.ts'
import { INVALID, objectValue, stringValue, type Value } from '../hcl/value.ts'
import { near } from './decode/body.ts'
import type { ParsedConfiguration } from './parsed.ts'

/** Names for `flowrun` and `environment` blocks, which are read first: locals that use no more than this, and `path`. */
export function createSettingsScope(parsed: ParsedConfiguration, functions: FunctionTable): Scope {
  const locals = collectLocals(parsed)
  const known = new Map<string, Value>()
  const open = new Set<string>()
  const path = objectValue({ root: stringValue(parsed.root), module: stringValue(parsed.root) })
  const scope: Scope = {
    resolve(traversal, report) {
      if (traversal.root === 'path') return { value: path, steps: 0 }
      if (traversal.root === 'local') return resolveLocal(traversal, report)
      reportTooEarly(traversal, report)
      return { value: INVALID, steps: traversal.steps.length }
    },
    names: () => ['local', 'path'],
  }

  function resolveLocal(traversal: TraversalExpression, report: Report): Resolution | undefined {
    const name = String(traversal.steps[0]?.key ?? '')
    const expression = locals.get(name)
    if (expression === undefined || open.has(name)) {
      if (expression === undefined) reportUnknownLocal(traversal, name, locals, report)
      else reportTooEarly(traversal, report)
      return { value: INVALID, steps: traversal.steps.length }
    }
    let value = known.get(name)
    if (value === undefined) {
      open.add(name)
      value = evaluate(expression, { scope, functions, report, budget: { remaining: EXPRESSION_STEPS } })
      open.delete(name)
      known.set(name, value)
    }
    return { value, steps: 1 }
  }
  return scope
}

/** A local that stands in two blocks, and whatever else does not belong into one. */
export function checkLocals(parsed: ParsedConfiguration, report: Report): void {
  const seen = new Map<string, Attribute>()
  for (const item of parsed.blocks.flatMap(block => (block.type === 'locals' ? block.body.items : []))) {
    if (item.kind === 'block') {
      report.error({
        code: 'config/unsupported-block',
        summary: `There is no block "${item.type}" here`,
        detail: 'A "locals" block holds values: NAME = VALUE.',
        subject: item.typeRange,
        where: 'in locals',
      })
      continue
    }
    const first = seen.get(item.name)
    if (first === undefined) seen.set(item.name, item)
    // Twice in one block is an error of the language, and told.
    else if (!parsed.blocks.some(({ body }) => body.items.includes(first) && body.items.includes(item))) {
      report.error({
        code: 'config/duplicate-block',
        summary: `The local "${item.name}" is declared twice`,
        detail: 'Rename one of them, or remove it.',
        subject: item.nameRange,
        related: [{ range: first.nameRange, message: 'the first one' }],
      })
    }
  }
}

/** All arguments of all `locals` blocks. */
export function collectLocals(parsed: ParsedConfiguration): ReadonlyMap<string, Expression> {
  const locals = new Map<string, Expression>()
  for (const block of parsed.blocks) {
    if (block.type !== 'locals') continue
    for (const item of block.body.items) if (item.kind === 'attribute' && !locals.has(item.name)) locals.set(item.name, item.expression)
  }
  return locals
}

export function reportUnknownLocal(
  traversal: TraversalExpression,
  name: string,
  locals: ReadonlyMap<string, unknown>,
  report: Report,
): void {
  report.error({
    code: 'config/unknown-reference',
    summary: name === '' ? '"local" needs a name' : `There is no local "${name}"`,
    detail: 'Add it to a locals { … } block.',
    subject: traversal.range,
    ...near(name, locals.keys(), 'local.'),
  })
}

function reportTooEarly(traversal: TraversalExpression, report: Report): void {
  report.error({
    code: 'config/not-in-scope',
    summary: `"${traversal.root}" is not known here`,
    detail:
      'Settings, environments and values of variables are read before everything else: they may use literals, locals made of these, env(), secret() and path.',
    subject: traversal.range,
  })
}
