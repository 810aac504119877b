import { existsSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Report } from '../diagnostics/report.ts'
import type { Source, SourceRange } from '../diagnostics/source.ts'
import type { Expression } from '../hcl/ast.ts'
import { parseConfig } from '../hcl/parser.ts'
import { readUtf8 } from './parsed.ts'

/** A value of a variable as it came in; which of them counts, and its type, is decided by the variable. */
export interface VariableInput {
  readonly name: string
  /** An expression of a file or block, or text of a flag or the process environment. */
  readonly given: { readonly kind: 'expression'; readonly expression: Expression } | { readonly kind: 'text'; readonly source: Source }
  /** What happens when nobody declared it: an error in flags, a warning in files, silence in the environment. */
  readonly undeclared: 'error' | 'warning' | 'silent'
  /** `-var`, `FLOWRUN_VAR_tier`, `flowrun.flowvars`. */
  readonly origin: string
  readonly range?: SourceRange
}

/** A `-var` or `-var-file`, in the order given. */
export type VariableFlag =
  | { readonly kind: 'value'; readonly name: string; readonly text: string }
  | { readonly kind: 'file'; readonly path: string }

const ENVIRONMENT_PREFIX = 'FLOWRUN_VAR_'

/**
 * All values from outside, low to high: `flowrun.flowvars`, `ENV.flowvars`, `*.auto.flowvars` in name order, the
 * environment's `variables`, `FLOWRUN_VAR_name`, then flags in order. The last one of a name wins.
 */
export function collectVariableInputs(
  from: {
    readonly root: string
    readonly workingDirectory: string
    readonly environment: { readonly name: string; readonly variables: ReadonlyMap<string, Expression> }
    readonly processEnvironment: Readonly<Record<string, string | undefined>>
    readonly flags: readonly VariableFlag[]
  },
  report: Report,
  onRead: (source: Source) => void = () => {},
): readonly VariableInput[] {
  const inputs: VariableInput[] = []
  const readFile = (path: string) => readVariableFile(path, from.workingDirectory, report, onRead)
  for (const name of variableFiles(from.root, from.environment.name)) inputs.push(...readFile(join(from.root, name)))
  for (const [name, expression] of from.environment.variables) {
    inputs.push({
      name,
      given: { kind: 'expression', expression },
      undeclared: 'error',
      origin: `environment "${from.environment.name}"`,
      range: expression.range,
    })
  }
  for (const [key, text] of Object.entries(from.processEnvironment)) {
    if (!key.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue
    inputs.push({
      name: key.slice(ENVIRONMENT_PREFIX.length),
      given: { kind: 'text', source: { name: key, text } },
      undeclared: 'silent',
      origin: key,
    })
  }
  for (const flag of from.flags) {
    if (flag.kind === 'file') inputs.push(...readFile(flag.path))
    else
      inputs.push({
        name: flag.name,
        given: { kind: 'text', source: { name: '-var', text: flag.text } },
        undeclared: 'error',
        origin: '-var',
      })
  }
  return inputs
}

/** The files of variables that are read unasked, lowest first. */
export function variableFiles(root: string, environment: string): readonly string[] {
  const automatic = readdirSync(root)
    .filter(name => name.endsWith('.auto.flowvars'))
    .sort()
  return ['flowrun.flowvars', `${environment}.flowvars`].filter(name => existsSync(join(root, name))).concat(automatic)
}

/** The variable of the process environment that gives a value to one of the configuration. */
export function environmentVariable(name: string): string {
  return ENVIRONMENT_PREFIX + name
}

function readVariableFile(
  path: string,
  workingDirectory: string,
  report: Report,
  onRead: (source: Source) => void,
): readonly VariableInput[] {
  const name = relative(workingDirectory, path)
  const text = readUtf8(path, name, report)
  if (text === undefined) return []
  onRead({ name, text })
  const body = parseConfig({ name, text }, report)
  return body.items.flatMap((item): readonly VariableInput[] => {
    if (item.kind === 'attribute') {
      return [
        {
          name: item.name,
          given: { kind: 'expression', expression: item.expression },
          undeclared: 'warning',
          origin: name,
          range: item.nameRange,
        },
      ]
    }
    report.error({
      code: 'config/unsupported-block',
      summary: 'A file of variables holds values, and no blocks',
      detail: `Write NAME = VALUE. A variable is declared in a *.flow.hcl file.`,
      subject: item.headerRange,
    })
    return []
  })
}
