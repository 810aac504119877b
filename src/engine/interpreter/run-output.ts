import type { Deferred } from '../../artifact/deferred.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { completed } from '../schema-defaults.ts'
import { inDeclaredOrder } from '../schema-order.ts'
import type { RunOutcome, StepError } from './command.ts'
import type { InterpretationSettings } from './interpretation.ts'
import { stepErrorOf } from './step-error.ts'

/** What a run gives whose nodes are all decided. */
export function runOutput(
  { graph: { output }, facts, validator }: InterpretationSettings,
  evaluate: (deferred: Deferred) => JsonValue,
): RunOutcome {
  if (output === undefined) return { state: 'succeeded', output: null }
  let value: JsonValue
  try {
    value = inDeclaredOrder(completed(evaluate(output.value), output.schema), output.schema)
  } catch (thrown) {
    return { state: 'failed', error: stepErrorOf(thrown) }
  }
  const violations = validator.violations(output.schema, value)
  if (violations.length === 0) return { state: 'succeeded', output: value }
  const lines = violations.map(({ path, text }) => `${path === '' ? 'it' : path} ${text}${originText(output.value, path)}`)
  return { state: 'failed', error: misfit(`The output of ${facts.flow} does not fit: ${lines.join('; ')}`) }
}

function misfit(message: string): StepError {
  return { code: 'run/output-invalid', message, retryable: false }
}

/** `, from node.answer.output.text`: the expression that gave the value at a path, as far as the artifact tells them apart. */
function originText(value: Deferred, path: string): string {
  let at = value as JsonValue
  for (const step of path.split(/[.[\]]+/).filter(step => step !== '')) {
    if (!isPlain(at)) break
    const inner = Array.isArray(at) ? at[Number(step)] : isJsonObject(at) ? at[step.replaceAll('"', '')] : undefined
    if (inner === undefined) return ''
    at = inner
  }
  if (!isJsonObject(at)) return ''
  const { $expr, $template } = at
  if (typeof $expr === 'string') return `, from ${$expr}`
  return typeof $template === 'string' ? `, from ${JSON.stringify($template)}` : ''
}

function isPlain(value: JsonValue): boolean {
  return !isJsonObject(value) || !('$expr' in value || '$template' in value)
}
