import type { JsonObject, JsonValue } from '../base/json.ts'
import type { WatchEvent } from '../engine/durable/engine.ts'
import type { PauseReason, RunRecord, WaitRecord } from '../engine/durable/record-store.ts'
import type { NodeReport, RunReport, TokenUsage } from '../operations/runs/report.ts'
import { jsonDocument } from './json-document.ts'
import { eventFields } from './run.ts'

/** schemas/output/runs-show.schema.json */
export function runReportJson(report: RunReport): string {
  return jsonDocument(runReportFields(report))
}

/** A run that is left to an engine. */
export function submittedJson(run: RunRecord): string {
  return jsonDocument({ run: runFields(run) })
}

export function submittedEvent(run: RunRecord, nowMs: number): string {
  return line({ '@level': 'info', '@timestamp': new Date(nowMs).toISOString(), type: 'result', run: runFields(run) })
}

function runReportFields({ run, nodes, waits, usage }: RunReport): JsonObject {
  return {
    run: { ...runFields(run), session: run.session, input: run.input, output: run.output ?? null },
    usage: usageFields(usage),
    nodes: nodes.map(nodeFields),
    waits: waits.map(waitFields),
  }
}

/** A run without what it was given and gave. */
export function runFields(run: RunRecord): JsonObject {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
  return {
    id: run.id,
    flow: run.flow,
    environment: run.environment,
    release: run.release === 0 ? null : run.release,
    state: run.state,
    reason: run.reason ? { code: run.reason.code, message: run.reason.message, ...waitsForFields(run.reason) } : null,
    error: run.error ? { code: run.error.code, message: run.error.message, path: run.error.path ?? null } : null,
    created_at: time(run.createdAtMs),
    started_at: time(run.startedAtMs),
    ended_at: time(run.endedAtMs),
    // A deadline may lie beyond what a date can hold.
    deadline_at: run.deadlineAtMs < 8.64e15 ? time(run.deadlineAtMs) : null,
    cost_nano_usd: run.costNano,
    priority: run.priority,
    idempotency_key: run.idempotencyKey ?? null,
    retry_of: run.retryOf ?? null,
    parent: run.parent ? { run: run.parent.run, path: run.parent.path } : null,
    submitted_by: run.submittedBy,
  }
}

/** A budget that pays again then, or when its limit is raised. */
function waitsForFields({ waitsFor }: PauseReason): JsonObject {
  if (waitsFor === undefined) return {}
  const { budget, limitNano, resumesAtMs } = waitsFor
  const resumesAt = resumesAtMs === undefined ? null : new Date(resumesAtMs).toISOString()
  return { waits_for: { budget, limit_nano_usd: limitNano, resumes_at: resumesAt } }
}

function nodeFields(node: NodeReport): JsonObject {
  return {
    path: node.path,
    type: node.type,
    status: node.status,
    exit: node.exit ?? null,
    reason: node.reason ?? null,
    error: node.error ? { code: node.error.code, message: node.error.message } : null,
    started_at: node.startedAtMs === undefined ? null : new Date(node.startedAtMs).toISOString(),
    ended_at: node.endedAtMs === undefined ? null : new Date(node.endedAtMs).toISOString(),
    attempts: node.attempts,
    model: node.model ?? null,
    cached: node.isCached,
    usage: usageFields(node.usage),
    cost_nano_usd: node.costNano ?? (node.costNano === null ? null : 0),
  }
}

function usageFields(usage: TokenUsage | null): JsonObject | null {
  return usage && { input_tokens: usage.input, cached_input_tokens: usage.cachedInput, output_tokens: usage.output }
}

function waitFields(wait: WaitRecord): JsonObject {
  const due = wait.dueAtMs === null ? null : new Date(wait.dueAtMs).toISOString()
  const common = { path: wait.path, kind: wait.kind, due_at: due }
  switch (wait.kind) {
    case 'signal':
      return { ...common, name: wait.name }
    case 'child':
      return { ...common, run: wait.child }
    case 'approval': {
      const { title, body, bodyDigest, actions, fields, assignees, quorum } = wait.shown
      const shown = { title, body, body_digest: bodyDigest, fields, assignees, quorum, actions: actions.map(({ name }) => name) }
      return { ...common, shown }
    }
    default:
      return common
  }
}

/** One line of the stream of a run: with a `seq` it is kept, without one it is of the moment. */
export function runWatchEvent(event: WatchEvent): string {
  const at = new Date(event.atMs).toISOString()
  const head = { '@level': 'info', '@timestamp': at, type: event.type, run: event.run }
  if (!('seq' in event)) {
    if (event.type === 'reset') return line({ ...head, record: runFields(event.record) })
    if (event.type === 'call') return line({ ...head, ...eventFields(event.event), path: event.path })
    return line({ ...head, path: event.path, node: event.node, attempt: event.attempt })
  }
  return line({ ...head, seq: event.seq, ...Object.fromEntries(Object.entries(event.data).map(eventField)) })
}

/** `started_at_ms` is a moment and `cost_nano` an amount: each has one form in all that we print. */
function eventField([name, value]: readonly [string, JsonValue]): readonly [string, JsonValue] {
  if (name.endsWith('_at_ms')) return [name.slice(0, -'_ms'.length), typeof value === 'number' ? new Date(value).toISOString() : null]
  return name === 'cost_nano' ? ['cost_nano_usd', value] : [name, value]
}

/** The last line: the run as it is when it is left. */
export function runResultEvent(report: RunReport, nowMs: number): string {
  return line({ '@level': 'info', '@timestamp': new Date(nowMs).toISOString(), type: 'result', ...runReportFields(report) })
}

function line(fields: JsonObject): string {
  return `${JSON.stringify(fields)}\n`
}
