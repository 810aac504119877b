import { posix } from 'node:path'
import type { Diagnostic } from '../../diagnostics/diagnostic.ts'
import { Report } from '../../diagnostics/report.ts'
import type { Source, SourceRange } from '../../diagnostics/source.ts'
import type { CallExpression, TemplateExpression } from '../ast.ts'
import { ConversionFailure } from '../conversion.ts'
import { evaluate } from '../evaluate.ts'
import { failAtPlan, failOnValue, isInvalid, tryConvert } from '../evaluation.ts'
import { type EvaluationContext, type FileAccess, type FormDefinition, type FunctionDefinition, FunctionError } from '../function.ts'
import { parseTemplate } from '../parser.ts'
import { scopeOf } from '../scope.ts'
import { ANY, STRING } from '../type.ts'
import { describeType, isIdentifier } from '../type-text.ts'
import { INVALID, typeOf, unknownValue, type Value } from '../value.ts'
import { defineFunction, parameter, textAt, textParameter, valueAt } from './definition.ts'
import { filesOf } from './file.ts'

/** A template file, parsed once. */
interface TemplateFile {
  readonly source: Source
  readonly body: TemplateExpression
  /** What is wrong with its syntax. */
  readonly diagnostics: readonly Diagnostic[]
  /** Template files that it was seen to include, by name. */
  readonly includes: Set<string>
}

/** The template files of one project, by name. */
const templatesOf = new WeakMap<FileAccess, Map<string, TemplateFile>>()

export const templateForm: FormDefinition = {
  kind: 'form',
  name: 'template',
  summary: 'The text of a file as a template, in which the names of the argument that calls it can be used.',
  purity: 'plan',
  evaluate(call, context) {
    const body = templateBody(call, context)
    if (body === 'unknown') return unknownValue(STRING)
    return body === undefined ? INVALID : evaluate(body, context)
  },
  expand(call, context) {
    const body = templateBody(call, context)
    return body === 'unknown' ? undefined : body
  },
}

export const templateFileFunction: FunctionDefinition = defineFunction('templatefile', {
  summary: 'The text of a file as a template, in which the entries of a map are the names.',
  parameters: [textParameter('path'), parameter('variables', ANY)],
  purity: 'plan',
  returns: ANY,
  call(parameters, context) {
    const variables = variablesOf(valueAt(parameters, 1))
    const file = templateFile(filesOf(context), textAt(parameters, 0))
    reportOnce(file.diagnostics, context)
    const functions = new Map(context.functions).set('templatefile', insideTemplateFile)
    return evaluate(file.body, { ...context, functions, scope: scopeOf(variables) })
  },
})

/** A call tells not where it stands, so a circle of such files could not be seen: as in Terraform, there are no two levels. */
const insideTemplateFile: FunctionDefinition = defineFunction('templatefile', {
  summary: templateFileFunction.summary,
  variadic: { name: 'values', type: ANY, nullable: true, unknown: true },
  returns: ANY,
  call() {
    throw new FunctionError('a file that templatefile() reads cannot call it again; use template(path) there')
  },
})

function variablesOf(given: Value): ReadonlyMap<string, Value> {
  if (given.kind !== 'map' && given.kind !== 'object') {
    throw new FunctionError(`a map or object is required, and this is ${describeType(typeOf(given))}`, 1)
  }
  const odd = [...given.entries.keys()].find(name => !isIdentifier(name))
  if (odd !== undefined) throw new FunctionError(`${JSON.stringify(odd)} cannot be a name in a template`, 1)
  return given.entries
}

/**
 * The tree of the file that `template(path)` names: what the evaluator runs in the scope of the call, and what stands
 * for the call when deferred parts of it are kept. A file is parsed once, and its ranges point into it.
 *
 * @returns undefined after an error was reported; `unknown` when the path is known only later.
 */
export function templateBody(call: CallExpression, context: EvaluationContext): TemplateExpression | 'unknown' | undefined {
  const path = pathOf(call, context)
  if (typeof path !== 'object') return path
  try {
    const files = filesOf(context)
    const file = templateFile(files, path.text)
    include(call.range, file, files)
    reportOnce(file.diagnostics, context)
    return file.body
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error
    failAtPlan(context, {
      code: error.named?.code ?? 'hcl/function-failed',
      summary: error.named?.summary ?? 'template() cannot do this',
      detail: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`,
      subject: path.range,
    })
    return undefined
  }
}

function pathOf(
  call: CallExpression,
  context: EvaluationContext,
): { readonly text: string; readonly range: SourceRange } | 'unknown' | undefined {
  const [expression, extra] = call.arguments
  if (expression === undefined || extra !== undefined) {
    context.report.error({
      code: 'hcl/wrong-argument-count',
      summary: extra ? `template() takes 1 argument, and here it gets ${call.arguments.length}` : 'template() lacks "path"',
      detail: 'It is called as template(path). To give the template names of its own, use templatefile(path, variables).',
      subject: extra?.range ?? { ...call.range, start: call.range.end - 1 },
    })
    return undefined
  }
  const given = evaluate(expression, context)
  if (isInvalid(given)) return undefined
  const path = tryConvert(given, STRING)
  if (path instanceof ConversionFailure || path.kind === 'null') {
    failOnValue(context, {
      code: 'hcl/wrong-argument',
      summary: '"path" of template() is not string',
      detail: 'The path of a file of the project is expected.',
      subject: expression.range,
    })
    return undefined
  }
  return path.kind === 'string' ? { text: path.value, range: expression.range } : 'unknown'
}

/** @throws FunctionError when the file cannot be read. */
function templateFile(files: FileAccess, path: string): TemplateFile {
  const known = templatesOf.get(files) ?? new Map<string, TemplateFile>()
  templatesOf.set(files, known)
  const name = posix.normalize(files.nameOf(path))
  const found = known.get(name)
  if (found) return found
  const report = new Report()
  const source: Source = { name, text: files.readText(path) }
  const file = { source, body: parseTemplate(source, report), diagnostics: report.diagnostics, includes: new Set<string>() }
  known.set(name, file)
  return file
}

/**
 * Remembers which file includes which, and refuses what would close a circle. The range of the call tells the file
 * that it stands in, so evaluating and folding find a circle in the same way.
 */
function include(caller: SourceRange, file: TemplateFile, files: FileAccess): void {
  const known = templatesOf.get(files)
  const from = known?.get(caller.source.name)
  if (from?.source !== caller.source) return
  const way = known ? wayBack(file.source.name, from.source.name, known) : undefined
  if (way) {
    throw new FunctionError(`it would have no end: ${[from.source.name, ...way].join(' includes ')}`, 0, {
      code: 'config/template-cycle',
      summary: `The template ${file.source.name} includes itself`,
    })
  }
  from.includes.add(file.source.name)
}

/** The chain of includes from one file to another, both named; undefined when there is none. */
function wayBack(
  from: string,
  to: string,
  known: ReadonlyMap<string, TemplateFile>,
  seen = new Set<string>(),
): readonly string[] | undefined {
  if (from === to) return [to]
  if (seen.has(from)) return undefined
  seen.add(from)
  for (const next of known.get(from)?.includes ?? []) {
    const way = wayBack(next, to, known, seen)
    if (way) return [from, ...way]
  }
  return undefined
}

/** A file that fifty prompts use tells of its syntax once. */
function reportOnce(diagnostics: readonly Diagnostic[], context: EvaluationContext): void {
  const told = new Set(context.report.diagnostics)
  context.report.add(...diagnostics.filter(diagnostic => !told.has(diagnostic)))
}
