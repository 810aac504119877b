import type { PromptSpec } from '../../artifact/prompt.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { JsonValue } from '../../base/json.ts'
import type { CheckedAnswer } from '../../gateway/call.ts'
import type { DeferredLanguage, Names } from '../deferred.ts'
import { completed } from '../schema-defaults.ts'
import type { SchemaValidator } from '../schema-validator.ts'
import { typedValue } from '../typed-value.ts'
import { failedValidations } from './input.ts'

/** Holds an answer against the output type and the validations of its prompt. */
export async function checkedOutput(
  text: string,
  prompt: PromptSpec,
  names: Names,
  language: DeferredLanguage,
  validator: () => Promise<SchemaValidator>,
): Promise<CheckedAnswer> {
  const { output: schema, output_validation: validations = [] } = prompt
  const parsed = schema === undefined ? { value: text } : parseAnswer(text)
  if ('problem' in parsed) return { fits: false, violations: [{ path: '', text: parsed.problem }] }
  const output = completed(parsed.value, schema)
  const violations = schema === undefined ? [] : (await validator()).violations(schema, output)
  if (violations.length > 0) return { fits: false, violations }
  const failed = validations.length === 0 ? [] : failedValidations(validations, { ...names, output: typedValue(output, schema) }, language)
  return failed.length > 0 ? { fits: false, violations: failed.map(message => ({ path: '', text: message })) } : { fits: true, output }
}

const FENCED = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/

/** Models without a JSON mode like to put a fence around it. */
function parseAnswer(text: string): { readonly value: JsonValue } | { readonly problem: string } {
  const bare = FENCED.exec(text)?.[1] ?? text
  try {
    const value: JsonValue = JSON.parse(bare)
    return isText(bare, value) ? { value } : { problem: 'holds half of a surrogate pair, which is not text' }
  } catch {
    return { problem: bare.trim() === '' ? 'is empty, expected JSON' : `is not JSON: ${start(bare)}` }
  }
}

/** JSON can spell what is no text: `"\\ud800"` (NUM-4). Only an escape can, so that others are not walked through. */
function isText(json: string, value: JsonValue): boolean {
  if (!/\\u[dD][89a-fA-F]/.test(json)) return true
  try {
    canonicalJson(value)
    return true
  } catch {
    return false
  }
}

function start(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line)
}
