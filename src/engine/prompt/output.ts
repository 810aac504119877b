import type { PromptSpec } from '../../artifact/prompt.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { JsonValue } from '../../base/json.ts'
import type { CallMessage } from '../../gateway/call.ts'
import type { DeferredLanguage, Names } from '../deferred.ts'
import { completed } from '../schema-defaults.ts'
import type { SchemaValidator, Violation } from '../schema-validator.ts'
import { typedValue } from '../typed-value.ts'
import { failedValidations } from './input.ts'

/** An answer that fits, or why it does not. */
export type CheckedOutput =
  | { readonly fits: true; readonly output: JsonValue }
  | { readonly fits: false; readonly violations: readonly Violation[] }

/** Holds an answer against the output type and the validations of its prompt. */
export async function checkedOutput(
  text: string,
  prompt: PromptSpec,
  names: Names,
  language: DeferredLanguage,
  validator: () => Promise<SchemaValidator>,
): Promise<CheckedOutput> {
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

/** The conversation in which the model is asked to mend its answer. */
export function repairMessages(messages: readonly CallMessage[], answer: string, problems: readonly string[]): readonly CallMessage[] {
  return [
    ...messages,
    // An empty turn is refused by most providers.
    { role: 'assistant', text: answer.trim() === '' ? '(no answer)' : answer },
    {
      role: 'user',
      text: `That answer does not fit what was asked for:\n${problems.map(problem => `- ${problem}`).join('\n')}\nAnswer again, in full, with these mended.`,
    },
  ]
}

/** `sources[0]: is 7, expected string` */
export function violationSentence({ path, text }: Violation): string {
  return path === '' ? text : `${path}: ${text}`
}
