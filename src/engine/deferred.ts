import type { Deferred, DeferredText } from '../artifact/deferred.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../base/json.ts'
import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { Report } from '../diagnostics/report.ts'
import type { Expression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import type { FunctionTable } from '../hcl/function.ts'
import { toJson } from '../hcl/json-value.ts'
import { parseExpression, parseTemplate } from '../hcl/parser.ts'
import { type Scope, scopeOf } from '../hcl/scope.ts'
import { isWhollyKnown, type Value } from '../hcl/value.ts'

/** Steps for one deferred expression (blocks.md 7.1). */
export const DEFERRED_STEPS = 100_000

/** Trees kept; a prompt has under ten, so this is every expression of a hundred prompts. */
const MAX_TREES = 1_000

/** Evaluates what an artifact keeps as expressions and templates. */
export interface DeferredLanguage {
  /** @throws OperationError `run/expression-failed` */
  value(deferred: Deferred, names: Names | Scope): JsonValue
  /** As `value`, where text is wanted: numbers and bools become text. */
  text(deferred: DeferredText, names: Names | Scope): string
  /** As `text`; what a template inserts is encoded, and what its author wrote stays. */
  encodedText(deferred: DeferredText, names: Names | Scope, encode: (text: string) => string): string
}

/** The names in scope. Data of users and models comes in here, and is never parsed. */
export type Names = Readonly<Record<string, Value>>

/** @param functions those that may run when a flow runs. */
export function createDeferredLanguage(functions: FunctionTable): DeferredLanguage {
  const trees = new Map<string, Expression>()
  const treeOf = (kind: '$expr' | '$template', text: string) => {
    const key = kind + text
    const known = trees.get(key)
    if (known) return known
    const report = new Report()
    const source = { name: kind === '$expr' ? '<expression>' : '<template>', text }
    const tree = kind === '$expr' ? parseExpression(source, report) : parseTemplate(source, report)
    refuse(report, text)
    // The oldest goes: what is used stays in few prompts, and parsing again costs microseconds.
    const [oldest] = trees.keys()
    if (trees.size >= MAX_TREES && oldest !== undefined) trees.delete(oldest)
    trees.set(key, tree)
    return tree
  }

  const run = (kind: '$expr' | '$template', text: string, scope: Scope, encode?: (text: string) => string): JsonValue => {
    const report = new Report()
    const tree = treeOf(kind, text)
    const encoding = encode && { encoding: { template: tree, encode } }
    const value = evaluate(tree, { scope, functions, report, budget: { remaining: DEFERRED_STEPS }, ...encoding })
    refuse(report, text)
    if (!isWhollyKnown(value)) throw failed(text, 'it has no known value')
    return toJson(value)
  }

  const evaluated = (deferred: JsonValue, scope: Scope): JsonValue => {
    if (Array.isArray(deferred)) return deferred.map(item => evaluated(item, scope))
    if (!isJsonObject(deferred)) return deferred
    if (typeof deferred.$expr === 'string') return run('$expr', deferred.$expr, scope)
    if (typeof deferred.$template === 'string') return run('$template', deferred.$template, scope)
    return plainKeys(deferred, item => evaluated(item, scope))
  }

  return {
    value: (deferred, names) => evaluated(asJson(deferred), asScope(names)),
    text: (deferred, names) => asText(evaluated(asJson(deferred), asScope(names)), deferred),
    encodedText(deferred, names, encode) {
      if (typeof deferred === 'string') return deferred
      const [kind, text] = '$template' in deferred ? (['$template', deferred.$template] as const) : (['$expr', deferred.$expr] as const)
      return asText(run(kind, text, asScope(names), encode), deferred)
    },
  }
}

function asText(value: JsonValue, deferred: DeferredText): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw failed(JSON.stringify(deferred), `it gives ${value === null ? 'null' : 'a list or an object'}, and text is expected`)
}

/** The shapes of a deferred value are JSON, though the compiler cannot see that an interface has no other keys. */
function asJson(deferred: Deferred): JsonValue {
  return deferred as JsonValue
}

/** Only a scope has a function: names have values. */
function asScope(names: Names | Scope): Scope {
  return isScope(names) ? names : scopeOf(names)
}

function isScope(names: Names | Scope): names is Scope {
  return typeof names.resolve === 'function'
}

/** An author's own key that starts with `$` was written with one more. */
function plainKeys(value: JsonObject, each: (item: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.startsWith('$$') ? key.slice(1) : key, each(item)]))
}

function refuse(report: Report, text: string): void {
  const [first] = report.diagnostics.filter(diagnostic => diagnostic.severity === 'error')
  if (first) throw failed(text, first.summary, first.detail, RUN_CODES[first.code])
}

/** What has a name of its own also while a flow runs (blocks.md 1.8, 4.3). */
const RUN_CODES: Readonly<Partial<Record<DiagnosticCode, DiagnosticCode>>> = {
  'hcl/no-value': 'run/no-value',
  'hcl/too-many-steps': 'run/too-many-steps',
}

function failed(text: string, why: string, detail?: string, code: DiagnosticCode = 'run/expression-failed'): OperationError {
  const line = text.length > 200 ? `${text.slice(0, 200)}…` : text
  return new OperationError({
    code,
    summary: 'An expression has no value for this input',
    notes: [line.replace(/\s+/g, ' '), why],
    ...(detail !== undefined && { detail }),
  })
}
