import type { NodeArguments } from '../../artifact/workflow.ts'
import { parseDuration } from '../../base/duration.ts'
import { invariant } from '../../base/invariant.ts'
import type { JsonValue } from '../../base/json.ts'
import type { AskedCommand } from '../interpreter/behaviour.ts'
import { defineNode, kindText, type NodeContext, NodeFailure, type Succeeded } from '../interpreter/behaviour.ts'

type Given = NodeArguments['wait']

/** Waits for a time or for a signal, and holds no worker meanwhile. */
export const waitNode = defineNode<'wait'>({
  exceptionalExits: new Map([['expired', 'wait/expired']]),
  begin: (given, context) => ({
    kind: 'asked',
    command: given.signal === undefined ? timer(given, context) : signal(given.signal, context),
  }),
  end(outcome, given, context) {
    checkData(outcome, given, context)
    return outcome
  },
  outputType: given => given.type,
})

function signal(name: string, { node, nowMs }: NodeContext): AskedCommand {
  invariant(node.timeout_ms !== undefined, 'run/signal-without-timeout', `the wait "${node.name}" has no timeout`)
  return { type: 'signal', name, timeoutAtMs: nowMs + node.timeout_ms }
}

function timer(given: Given, context: NodeContext): AskedCommand {
  const { nowMs, evaluate } = context
  if (given.duration_ms !== undefined) return { type: 'timer', dueMs: nowMs + given.duration_ms }
  if (given.duration !== undefined) return { type: 'timer', dueMs: nowMs + durationMs(evaluate(given.duration)) }
  return { type: 'timer', dueMs: instantMs(evaluate(given.until ?? null)), until: true }
}

/** @param value seconds, or `"15s"`. */
function durationMs(value: JsonValue): number {
  if (typeof value === 'number' && value >= 0) return Math.round(value * 1000)
  const parsed = typeof value === 'string' ? parseDuration(value) : undefined
  if (parsed?.ok === true) return parsed.value
  throw new NodeFailure('wait/bad-time', `The duration is ${shortText(value)}, and neither a number of seconds nor a text like "15s"`)
}

const MAX_SHOWN_LENGTH = 40

/** RFC 3339 with an offset: a time without one is another instant elsewhere (TIME-2). */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/

function instantMs(value: JsonValue): number {
  const ms = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isFinite(ms)) return ms
  throw new NodeFailure('wait/bad-time', `The time is ${shortText(value)}, and not one like "2026-12-01T09:00:00Z"`)
}

function shortText(value: JsonValue): string {
  const isShort = (typeof value === 'string' && value.length <= MAX_SHOWN_LENGTH) || typeof value === 'number'
  return isShort ? JSON.stringify(value) : kindText(value)
}

function checkData({ exit, attributes }: Succeeded, { type }: Given, context: NodeContext): void {
  if (exit !== 'received' || type === undefined) return
  const [first] = context.violations(type, attributes.output ?? null)
  if (first)
    throw new NodeFailure('wait/wrong-type', `The data of the signal does not fit: ${first.path === '' ? 'it' : first.path} ${first.text}`)
}
