import { ConversionFailure, convert } from '../../hcl/conversion.ts'
import { fromJsonSchema } from '../../hcl/json-schema.ts'
import { fromJson, toJson } from '../../hcl/json-value.ts'
import { defineNode, NodeFailure, through } from '../interpreter/behaviour.ts'

/** A value that is computed from others. */
export const transformNode = defineNode<'transform'>({
  begin({ value, type }, context) {
    const output = context.evaluate(value)
    if (type === undefined) return through('done', { output })
    try {
      return through('done', { output: toJson(convert(fromJson(output), fromJsonSchema(type))) })
    } catch (error) {
      if (error instanceof ConversionFailure)
        throw new NodeFailure('transform/wrong-type', `The value does not fit its type: ${error.message}`)
      throw error
    }
  },
  outputType: ({ type }) => type,
})
