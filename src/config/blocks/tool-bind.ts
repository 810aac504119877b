import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ToolSpec } from '../../artifact/tool.ts'
import { enumerate } from '../../base/enumerate.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { fromJsonSchema } from '../../hcl/json-schema.ts'
import { fromJson, toJson } from '../../hcl/json-value.ts'
import { plainType } from '../../hcl/type.ts'
import { near } from '../decode/body.ts'
import { attemptConversion, conversionSentence } from '../decode/conversion.ts'
import type { BlockSite } from '../decode/site.ts'
import { argumentRange } from './argument-range.ts'

/** Values of input fields that nobody else may set: each a field of the input, of its type. */
export function checkBind(block: Block, bind: JsonValue | undefined, input: JsonSchema | undefined, site: BlockSite): ToolSpec['bind'] {
  if (bind === undefined) return undefined
  const place = { subject: argumentRange(block, 'bind') ?? block.headerRange, where: site.where, address: site.address }
  if (!isJsonObject(bind)) {
    site.report.error({
      code: 'config/wrong-type',
      summary: 'The argument "bind" has the wrong type',
      detail: 'Write one key for each field: bind = { FIELD = VALUE }.',
      ...place,
    })
    return undefined
  }
  const type = plainType(fromJsonSchema(input ?? {}))
  if (type.kind !== 'object') return bind
  const fields = [...type.attributes.keys()]
  const entries: [string, JsonValue][] = []
  for (const [name, value] of Object.entries(bind)) {
    const attribute = type.attributes.get(name)
    const converted = attribute && attemptConversion(fromJson(value), attribute.type)
    if (converted?.ok) {
      entries.push([name, toJson(converted.value)])
      continue
    }
    site.report.error({
      code: converted ? 'config/wrong-type' : 'config/unknown-input',
      summary: converted
        ? `The value that "bind" gives "${name}" does not fit its type`
        : `The input of ${site.address} has no field "${name}"`,
      detail: converted ? conversionSentence(converted.failure) : `The fields are ${enumerate(fields, 'and')}.`,
      ...place,
      ...(converted ? {} : near(name, fields)),
    })
  }
  return Object.fromEntries(entries)
}
