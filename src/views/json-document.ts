import type { JsonObject } from '../base/json.ts'
import { flowrunVersion } from '../base/version.ts'

/** Minor versions add fields, major ones break. */
export const FORMAT_VERSION = '1.0'

/** A result as one JSON document: the two versions first, indented for people who look, with a newline at its end. */
export function jsonDocument(fields: JsonObject): string {
  return `${JSON.stringify({ format_version: FORMAT_VERSION, flowrun_version: flowrunVersion, ...fields }, undefined, 2)}\n`
}
