import { type FunctionDefinition, FunctionError } from '../function.ts'
import { STRING } from '../type.ts'
import { nullValue, SECRET, SENSITIVE, stringValue, unknownValue, type Value } from '../value.ts'
import { defineFunction, textAt, textParameter, valueAt } from './definition.ts'

/** What a secret may be called, in the environment or in a store with paths. */
export const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_./-]{0,127}$/

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * A reference, not a value: known only to the process that makes the call. The call itself goes into the artifact, so
 * its name must be known.
 */
export const secretFunction: FunctionDefinition = defineFunction('secret', {
  summary: 'A secret by its name: only its name is stored, and the process that uses it looks up the value.',
  parameters: [{ ...textParameter('name'), unknown: true }],
  returns: STRING,
  call: parameters => {
    secretName(valueAt(parameters, 0))
    return unknownValue(STRING, { marks: SECRET })
  },
})

/** @throws FunctionError when the name of the secret is not known, or is none. */
export function secretName(given: Value): string {
  if (given.kind === 'unknown') throw new FunctionError('the name of a secret must be known when you plan', 0)
  const name = given.kind === 'string' ? given.value : ''
  if (SECRET_NAME.test(name)) return name
  throw new FunctionError('the name of a secret starts with a letter or _, and has at most 128 letters, digits, _ . / and -', 0)
}

export function envFunction(environment: Environment): FunctionDefinition {
  return defineFunction('env', {
    summary: 'An environment variable of the machine that plans, or a default; sensitive.',
    parameters: [textParameter('name')],
    variadic: { name: 'default', type: STRING, nullable: true },
    purity: 'plan',
    returns: STRING,
    call: parameters => environmentVariable(parameters, environment),
  })
}

function environmentVariable(parameters: readonly Value[], environment: Environment): Value {
  if (parameters.length > 2) throw new FunctionError('only one default is expected', 2)
  const name = textAt(parameters, 0)
  // By a plain read, which a plan records; a name such as "toString" gives something else than a string.
  const set: unknown = environment[name]
  if (typeof set === 'string') return stringValue(set.toWellFormed(), SENSITIVE)
  const fallback = parameters[1]
  if (fallback?.kind === 'string') return stringValue(fallback.value, SENSITIVE)
  if (fallback) return nullValue(STRING, SENSITIVE)
  throw new FunctionError(`set it, or give a default: env(${JSON.stringify(name)}, "…")`, 0, {
    code: 'config/missing-env',
    summary: `The environment variable ${JSON.stringify(name)} is not set`,
  })
}
