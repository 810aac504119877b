import type { Report } from '../diagnostics/report.ts'
import type { Block } from '../hcl/ast.ts'
import type { Scope } from '../hcl/scope.ts'
import { INVALID, type Value } from '../hcl/value.ts'
import { decodeVariable, type VariableDeclaration, validateVariable, variableValue } from './blocks/variable.ts'
import { createSite } from './compile.ts'
import type { Declarations } from './declared.ts'
import { near } from './decode/body.ts'
import type { BlockSite } from './decode/site.ts'
import type { CompileHost } from './host.ts'
import type { VariableInput } from './variables.ts'

/** The variables of a configuration with their values; INVALID where there is none, so that one error is told once. */
export interface ResolvedVariables {
  readonly values: ReadonlyMap<string, Value>
  readonly declared: readonly VariableDeclaration[]
  readonly missing: readonly VariableDeclaration[]
}

/**
 * Decodes all `variable` blocks and finds their values; what has none is in `missing`.
 *
 * @param scope of defaults and of values from files and environments: they are read before what they could refer to.
 */
export function resolveVariables(
  { variables }: Declarations,
  inputs: readonly VariableInput[],
  scope: Scope,
  host: CompileHost,
  report: Report,
): ResolvedVariables {
  const values = new Map<string, Value>()
  const declared: VariableDeclaration[] = []
  const missing: VariableDeclaration[] = []
  for (const [name, block] of variables) {
    const where = `in variable "${name}"`
    const site = createSite(block, where, where, scope, host, report)
    const declaration = decodeVariable(block, name, site)
    if (declaration) declared.push(declaration)
    const value = declaration && variableValue(declaration, inputs, site)
    if (declaration && value === undefined) missing.push(declaration)
    values.set(name, value ?? INVALID)
  }
  for (const input of inputs) if (!variables.has(input.name)) reportUndeclared(input, variables, report)
  return { values, declared, missing }
}

function reportUndeclared(input: VariableInput, variables: ReadonlyMap<string, Block>, report: Report): void {
  if (input.undeclared === 'silent') return
  report.add({
    severity: input.undeclared,
    code: 'config/unknown-variable',
    summary: `There is no variable "${input.name}"`,
    detail: `${input.origin} gives it a value. Declare it, variable "${input.name}" { … }, or remove the value.`,
    ...(input.range ? { subject: input.range } : {}),
    ...near(input.name, variables.keys()),
  })
}

/** `config/missing-variable`, for each that nobody answered. */
export function reportMissingVariables(missing: readonly VariableDeclaration[], report: Report): void {
  for (const { name, block } of missing) {
    report.error({
      code: 'config/missing-variable',
      summary: `Variable "${name}" has no value`,
      detail: `Give it with -var '${name}=…', FLOWRUN_VAR_${name}, or a line in flowrun.flowvars; or declare a default.`,
      subject: block.headerRange,
    })
  }
}

/** Checks the `validation` blocks; they may use other variables, so all are known by now. */
export function validateVariables(
  { declared, values }: ResolvedVariables,
  names: Scope,
  site: (block: Block, where: string, scope: Scope) => BlockSite,
): void {
  for (const declaration of declared) {
    const value = values.get(declaration.name)
    if (value === undefined || value === INVALID) continue
    validateVariable(declaration, value, site(declaration.block, `in variable "${declaration.name}"`, names))
  }
}
