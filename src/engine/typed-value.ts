import type { JsonSchema } from '../artifact/json-schema.ts'
import type { JsonValue } from '../base/json.ts'
import { ConversionFailure, convert } from '../hcl/conversion.ts'
import { fromJsonSchema } from '../hcl/json-schema.ts'
import { fromJson } from '../hcl/json-value.ts'
import type { Value } from '../hcl/value.ts'

/**
 * JSON as a value of the type that its schema stands for, so that an expression means the same when it runs as when it
 * was planned: arrays are lists, and an optional field that is not given is null.
 *
 * @throws RangeError on text that is not well-formed (NUM-4), or nesting that is too deep.
 */
export function typedValue(json: JsonValue, schema: JsonSchema | undefined): Value {
  const value = fromJson(json)
  if (schema === undefined) return value
  try {
    return convert(value, fromJsonSchema(schema))
  } catch (error) {
    // A foreign schema may allow what no type of the language says; then the value stands for itself.
    if (error instanceof ConversionFailure) return value
    throw error
  }
}
