import { digestOfText } from '../base/digest.ts'
import type { JsonObject } from '../base/json.ts'
import { flowrunVersion } from '../base/version.ts'
import { type RunRecord, TERMINAL_STATES } from '../engine/durable/record-store.ts'
import type { StepPath } from '../engine/interpreter/command.ts'
import type { CallReport, NodeReport } from '../operations/runs/report.ts'
import { outerOf } from '../operations/runs/step-path.ts'
import type { RootedTrace, TracedModel, TraceTree } from '../operations/runs/trace-tree.ts'

/** Of OTLP's trace.proto. */
const SPAN_KIND = { internal: 1, client: 3 } as const
const STATUS_ERROR = 2

/** Names that OpenTelemetry's GenAI conventions have for providers; ours where they have none. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  amazon_bedrock: 'aws.bedrock',
  azure: 'azure.ai.openai',
  google: 'gcp.gemini',
  mistral: 'mistral_ai',
}

interface Traced {
  readonly traceId: string
  readonly run: RunRecord
  readonly models: TraceTree['models']
}

/**
 * A run as spans in the JSON of OTLP (opentelemetry-proto, trace/v1), on one line: what an OTLP/HTTP endpoint and a
 * collector's file receiver take. Calls of models follow the GenAI conventions. Ids are made of those of the run, so what is
 * sent twice is the same. What has not ended has no span; content is never in it.
 */
export function traceOtlp({ rootId, parent, tree }: RootedTrace): string {
  const { run } = tree.report
  const spans = treeSpans(tree, idOf(32, 'trace', rootId), parent && nodeSpanId(parent.run, parent.path))
  const resource = {
    attributes: attributesOf({
      'service.name': 'flowrun',
      'service.version': flowrunVersion,
      'service.namespace': run.project,
      'deployment.environment.name': run.environment,
    }),
  }
  const scopeSpans = [{ scope: { name: 'flowrun', version: flowrunVersion }, spans }]
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`
}

function treeSpans({ report, models, children }: TraceTree, traceId: string, above: string | undefined): readonly JsonObject[] {
  const { run, nodes } = report
  const traced: Traced = { traceId, run, models }
  return [
    ...(TERMINAL_STATES.has(run.state) ? [runSpan(traced, report.usage, above)] : []),
    ...nodes.flatMap(node => nodeSpans(traced, node)),
    ...[...children].flatMap(([path, child]) => treeSpans(child, traceId, nodeSpanId(run.id, path))),
  ]
}

function runSpan({ traceId, run }: Traced, usage: NodeReport['usage'], above: string | undefined): JsonObject {
  const name = run.flow.slice(run.flow.indexOf('.') + 1)
  return spanOf({
    ...{ traceId, spanId: runSpanId(run.id), parentId: above, name: `invoke_workflow ${name}`, kind: SPAN_KIND.internal },
    startMs: run.startedAtMs ?? run.createdAtMs,
    endMs: run.endedAtMs ?? run.createdAtMs,
    attributes: {
      'gen_ai.operation.name': 'invoke_workflow',
      'gen_ai.workflow.name': name,
      'gen_ai.conversation.id': textOf(run.session.id),
      'user.id': textOf(run.session.user),
      'flowrun.run.id': run.id,
      'flowrun.run.flow': run.flow,
      'flowrun.run.state': run.state,
      'flowrun.run.release': run.release === 0 ? undefined : run.release,
      'flowrun.run.retry_of': run.retryOf,
      'flowrun.cost_nano_usd': run.costNano ?? undefined,
      ...usageAttributes(usage),
      'error.type': run.error?.code,
    },
    error: run.error?.code ?? (run.state === 'cancelled' ? 'cancelled' : undefined),
  })
}

function nodeSpans(traced: Traced, node: NodeReport): readonly JsonObject[] {
  const { traceId, run } = traced
  const { path, type, startedAtMs, endedAtMs, costNano, error, exit, bodies, tries, calls, usage } = node
  if (startedAtMs === undefined || endedAtMs === undefined) return []
  const spanId = nodeSpanId(run.id, path)
  const attributes = {
    'flowrun.node.path': path,
    'flowrun.node.type': type,
    'flowrun.node.exit': exit,
    'flowrun.node.attempts': node.attempts,
    'flowrun.node.cached': node.isCached ? true : undefined,
    'flowrun.cost_nano_usd': costNano ?? undefined,
    ...(bodies === undefined ? usageAttributes(usage) : {}),
    'error.type': error?.code,
  }
  const own = { traceId, spanId, name: `${type} ${path}`, kind: SPAN_KIND.internal, startMs: startedAtMs, endMs: endedAtMs }
  const outer = outerOf(path)
  const around = outer === undefined ? runSpanId(run.id) : nodeSpanId(run.id, outer)
  const former = tries.slice(0, -1).map(({ number, startedAtMs: startMs, endedAtMs: endMs = startMs, error: why }) =>
    spanOf({
      ...{ traceId, spanId: idOf(16, 'attempt', run.id, path, String(number)), parentId: spanId, name: `attempt ${number}` },
      ...{ kind: SPAN_KIND.internal, startMs, endMs, error: why?.code },
      attributes: { 'flowrun.attempt.number': number, 'error.type': why?.code },
    }),
  )
  // Calls are kept of the last attempt alone.
  const baseMs = tries.at(-1)?.startedAtMs ?? startedAtMs
  return [
    spanOf({ ...own, parentId: around, attributes, error: error?.code }),
    ...former,
    ...calls.map((call, index) => callSpan(traced, node, call, { index, baseMs })),
  ]
}

function callSpan(
  { traceId, run, models }: Traced,
  { path, usage, calls }: NodeReport,
  call: CallReport,
  { index, baseMs }: { readonly index: number; readonly baseMs: number },
): JsonObject {
  const model: TracedModel | undefined = models.get(call.model)
  const isAnswer = call.outcome === 'answered'
  // Tokens are known of all calls together.
  const isAll = isAnswer && calls.filter(({ outcome }) => outcome === 'answered').length === 1
  return spanOf({
    ...{ traceId, spanId: idOf(16, 'call', run.id, path, String(index)), parentId: nodeSpanId(run.id, path) },
    ...{ name: `chat ${model?.id ?? call.model}`, kind: SPAN_KIND.client },
    startMs: baseMs + call.startedAfterMs,
    endMs: baseMs + call.startedAfterMs + call.durationMs,
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': model?.providerType && (PROVIDER_NAMES[model.providerType] ?? model.providerType),
      'gen_ai.request.model': model?.id,
      'gen_ai.conversation.id': textOf(run.session.id),
      // Seconds, as the conventions have it.
      'gen_ai.response.time_to_first_chunk': call.firstEventMs === null ? undefined : call.firstEventMs / 1000,
      ...(isAll ? usageAttributes(usage) : {}),
      'http.response.status_code': call.status ?? undefined,
      'flowrun.model': call.model,
      'flowrun.call.waited_ms': call.waitedMs > 0 ? call.waitedMs : undefined,
      'error.type': isAnswer ? undefined : call.outcome,
    },
    error: isAnswer ? undefined : call.outcome,
  })
}

function usageAttributes(usage: NodeReport['usage']): Attributes {
  if (usage === null) return {}
  return {
    'gen_ai.usage.input_tokens': usage.input,
    'gen_ai.usage.output_tokens': usage.output,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInput > 0 ? usage.cachedInput : undefined,
  }
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string | undefined
  readonly name: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Attributes
  /** Its code: what it says may be of what was given. */
  readonly error?: string | undefined
}

function spanOf({ traceId, spanId, parentId, name, kind, startMs, endMs, attributes, error }: Span): JsonObject {
  return {
    traceId,
    spanId,
    ...(parentId !== undefined && { parentSpanId: parentId }),
    name,
    kind,
    startTimeUnixNano: nanoText(startMs),
    // A clock may have been set back.
    endTimeUnixNano: nanoText(Math.max(startMs, endMs)),
    attributes: attributesOf(attributes),
    status: error === undefined ? {} : { code: STATUS_ERROR, message: error },
  }
}

/** 64 bits are a text in the JSON of protobuf. */
function nanoText(ms: number): string {
  return String(BigInt(Math.round(ms)) * 1_000_000n)
}

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

function attributesOf(attributes: Attributes): JsonObject[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: anyValue(value) }]))
}

function anyValue(value: string | number | boolean): JsonObject {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function runSpanId(run: string): string {
  return idOf(16, 'run', run)
}

function nodeSpanId(run: string, path: StepPath): string {
  return idOf(16, 'node', run, path)
}

/** @returns hex digits, of what names a span and nothing else. */
function idOf(length: 16 | 32, ...names: readonly string[]): string {
  return digestOfText(names.join('\0')).slice('sha256:'.length, 'sha256:'.length + length)
}
