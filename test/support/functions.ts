import { ConversionFailure, convert } from '../../src/hcl/conversion.ts'
import { type FunctionDefinition, FunctionError, type FunctionTable } from '../../src/hcl/function.ts'
import { ANY, listOf, setOf, type Type } from '../../src/hcl/type.ts'
import { convertedType } from '../../src/hcl/unify.ts'
import { typeOf } from '../../src/hcl/value.ts'

/** `tolist` and `toset`, so that tests of the evaluator do not need the whole function table. */
export const collectionFunctions: FunctionTable = new Map([
  ['tolist', converter('tolist', listOf(ANY))],
  ['toset', converter('toset', setOf(ANY))],
])

function converter(name: string, type: Type): FunctionDefinition {
  return {
    kind: 'function',
    name,
    summary: `Converts to ${type.kind}.`,
    parameters: [{ name: 'value', type: ANY, unknown: true }],
    purity: 'pure',
    returns: ([value]) => (value ? convertedType(typeOf(value), type) : type),
    call([value]) {
      try {
        if (value) return convert(value, type)
      } catch (failure) {
        if (!(failure instanceof ConversionFailure)) throw failure
        throw new FunctionError(failure.message, 0)
      }
      throw new FunctionError('a value is missing')
    },
  }
}
