import { configurationFiles } from '../config/parsed.ts'
import type { VariableFlag } from '../config/variables.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { Report } from '../diagnostics/report.ts'
import type { Source } from '../diagnostics/source.ts'
import { evaluate } from '../hcl/evaluate.ts'
import { EXPRESSION_STEPS } from '../hcl/function.ts'
import { parseExpression } from '../hcl/parser.ts'
import { EMPTY_SCOPE, type Scope } from '../hcl/scope.ts'
import type { Value } from '../hcl/value.ts'
import { loadProject, type OperationHost, openProject, type ProjectOptions } from './project.ts'

export interface ConsoleOptions extends ProjectOptions {
  readonly variables: readonly VariableFlag[]
}

/** Evaluates expressions against the configuration. */
export interface Console {
  evaluate(text: string, name?: string): Evaluation
}

export type Evaluation = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

export type OpenedConsole =
  | { readonly outcome: 'open'; readonly console: Console }
  | { readonly outcome: 'invalid'; readonly diagnostics: readonly Diagnostic[] }

/** Opens the console. In a folder without a configuration there are functions and no names. */
export function openConsole(host: OperationHost, options: ConsoleOptions): OpenedConsole {
  if (configurationFiles(host.workingDirectory).length === 0) {
    return {
      outcome: 'open',
      console: consoleOver(EMPTY_SCOPE, host.functions(host.processEnvironment), host.files(host.workingDirectory)),
    }
  }
  const report = new Report()
  const project = openProject(host, options, report)
  const loaded = project && loadProject(host, project, { variables: options.variables }, report, false)
  if (project === undefined || loaded === undefined || report.hasErrors) return { outcome: 'invalid', diagnostics: report.diagnostics }
  return { outcome: 'open', console: consoleOver(loaded.names, project.functions, project.files) }
}

function consoleOver(scope: Scope, functions: ReturnType<OperationHost['functions']>, files: ReturnType<OperationHost['files']>): Console {
  return {
    evaluate(text, name = '<console>') {
      const report = new Report()
      const source: Source = { name, text }
      const expression = parseExpression(source, report)
      if (report.hasErrors) return { ok: false, diagnostics: report.diagnostics }
      const value = evaluate(expression, { scope, functions, report, budget: { remaining: EXPRESSION_STEPS }, files })
      return report.hasErrors ? { ok: false, diagnostics: report.diagnostics } : { ok: true, value }
    },
  }
}
