import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { JsonValue } from '../../base/json.ts'
import { type Detection, type Detector, type DetectorHelp, NOTHING, wholeText } from './detector.ts'

/** Texts that must be JSON, of a schema where there is one. */
export const json: Detector<'json'> = {
  type: 'json',
  summary: 'JSON that parses, and fits a schema',
  placeholder: () => 'TEXT',
  look(texts, { schema }, help) {
    return Promise.all(texts.map(text => detectionOf(text, schema, help)))
  },
}

async function detectionOf(text: string, schema: JsonSchema | undefined, { violations }: DetectorHelp): Promise<Detection> {
  const value = parsed(text)
  if (value === undefined) return { findings: [wholeText('json', text)], summary: 'no JSON' }
  const count = schema === undefined ? 0 : (await violations(schema, value)).length
  if (count === 0) return NOTHING
  return { findings: [wholeText('json', text)], summary: `${count} ${count === 1 ? 'violation' : 'violations'} of the schema` }
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
