import type { FormDefinition, FunctionDefinition, FunctionTable } from '../function.ts'
import { controlForms } from './control.ts'
import { conversionFunctions } from './conversion.ts'
import { csvFunctions } from './csv.ts'
import { dateFunctions } from './date.ts'
import { encodingFunctions } from './encoding.ts'
import { fileFunctions } from './file.ts'
import { formatFunctions } from './format.ts'
import { hashFunctions } from './hash.ts'
import { listFunctions } from './list.ts'
import { mapFunctions } from './map.ts'
import { numericFunctions } from './numeric.ts'
import { regexFunctions } from './regex.ts'
import { type Environment, envFunction, secretFunction } from './secret.ts'
import { setFunctions } from './set.ts'
import { stringFunctions } from './string.ts'
import { templateFileFunction, templateForm } from './template-file.ts'
import { yamlFunctions } from './yaml.ts'

type Definition = FunctionDefinition | FormDefinition

const everywhere: readonly Definition[] = [
  ...numericFunctions,
  ...stringFunctions,
  ...formatFunctions,
  ...regexFunctions,
  ...listFunctions,
  ...mapFunctions,
  ...setFunctions,
  ...encodingFunctions,
  ...yamlFunctions,
  ...csvFunctions,
  ...dateFunctions,
  ...hashFunctions,
  ...conversionFunctions,
  ...controlForms,
  ...fileFunctions.filter(definition => definition.purity === 'pure'),
]

const planned: readonly Definition[] = [
  ...fileFunctions.filter(definition => definition.purity === 'plan'),
  templateFileFunction,
  templateForm,
  secretFunction,
]

/** All functions of configuration. @param environment what env() reads. */
export function createFunctionTable({ environment }: { readonly environment: Environment }): FunctionTable {
  return tableOf([...everywhere, ...planned, envFunction(environment)])
}

/** What an expression may call when a flow runs: nothing that reads the machine (DET-3). */
export const runtimeFunctionTable: FunctionTable = tableOf(everywhere)

function tableOf(definitions: readonly Definition[]): FunctionTable {
  return new Map(definitions.map(definition => [definition.name, definition]))
}
