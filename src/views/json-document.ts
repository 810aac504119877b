import type { JsonObject } from '../base/json.ts'
import { flowrunVersion } from '../base/version.ts'

/** Minor versions add fields, major ones break. */
export const FORMAT_VERSION = '1.0'

/** A result as one JSON document: the two versions first, indented for people who look, with a newline at its end. */
export function jsonDocument(fields: JsonObject): string {
  return `${JSON.stringify({ format_version: FORMAT_VERSION, flowrun_version: flowrunVersion, ...fields }, undefined, 2)}\n`
}

/** The same document, with what went wrong after the work was done. */
export function withDiagnostics(document: string, diagnostics: readonly JsonObject[]): string {
  const { format_version: _format, flowrun_version: _version, ...fields } = JSON.parse(document) as JsonObject
  const before = Array.isArray(fields.diagnostics) ? fields.diagnostics : []
  return jsonDocument({ ...fields, diagnostics: [...before, ...diagnostics] })
}
