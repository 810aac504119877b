import type { Caller, Usage } from '../../call.ts'
import type { UsageKey, UsagePart, UsageQuery, UsageRecord, UsageSum } from '../usage.ts'
import { closeCall, dropCall } from './call-rows.ts'
import type { SpendingRows } from './rows.ts'

/** What a reservation keeps of its attempt, for the record that its process can no longer write. */
export interface ReservedCall {
  readonly caller: Caller
  readonly model: { readonly address: string; readonly id: string; readonly provider: string }
}

interface UsageRow {
  readonly at: number
  readonly id: string
  readonly part: number
  readonly calls: number
  readonly environment: string
  readonly flow: string
  readonly prompt: string | null
  readonly prompt_version: number | null
  readonly prompt_digest: string | null
  readonly asked: string
  readonly model: string
  readonly model_id: string
  readonly reported_id: string | null
  readonly provider: string
  readonly attempts: number
  readonly input: number
  readonly cached_input: number
  readonly cache_write: number
  readonly output: number
  readonly reasoning: number
  readonly cost_nano: number | null
  readonly estimated: number
  readonly cache: UsageRecord['cache']
  readonly outcome: UsageRecord['outcome']
  readonly blocked: number
  readonly redacted: number
  readonly flagged: number
  readonly first_token_ms: number | null
  readonly latency_ms: number
  readonly tenant: string | null
  readonly user: string | null
  readonly run: string | null
  readonly node: string | null
  readonly labels: string | null
}

export const NO_USAGE: Usage = Object.freeze({ input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 })

/** An attempt as its reservation knows it. */
export interface LostAttempt extends ReservedCall {
  readonly calledMs: number
  /** Nano-dollars; the most that it can have cost, where that is an estimate. */
  readonly costNano: number
  readonly isEstimated: boolean
}

/** A call whose process died: what it may have cost counts (BUD-5), and what it did cost too. */
export function lostCall(id: string, attempts: readonly [LostAttempt, ...LostAttempt[]]): UsageRecord {
  const [{ calledMs, caller, model }] = attempts
  const parts = [...Map.groupBy(attempts, attempt => attempt.model.address).values()].map(partOfLost)
  const [first = partOfLost(attempts), ...others] = parts
  return {
    id,
    atMs: calledMs,
    caller,
    asked: model.address,
    parts: [first, ...others],
    cache: 'off',
    verdicts: { block: 0, redact: 0, flag: 0 },
    outcome: 'lost',
    latencyMs: 0,
  }
}

function partOfLost(attempts: readonly LostAttempt[]): UsagePart {
  const { model } = attempts[0] ?? { model: { address: '', id: '', provider: '' } }
  return {
    model: model.address,
    modelId: model.id,
    provider: model.provider,
    attempts: attempts.length,
    usage: NO_USAGE,
    costNano: attempts.reduce((sum, { costNano }) => sum + costNano, 0),
    isEstimated: attempts.some(({ isEstimated }) => isEstimated),
  }
}

const COLUMNS = [
  ...['at', 'id', 'part', 'calls', 'environment', 'flow', 'prompt', 'prompt_version', 'prompt_digest', 'asked', 'model', 'model_id'],
  ...['reported_id', 'provider', 'attempts', 'input', 'cached_input', 'cache_write', 'output', 'reasoning', 'cost_nano', 'estimated'],
  ...['cache', 'outcome', 'blocked', 'redacted', 'flagged', 'first_token_ms', 'latency_ms', 'tenant', 'user', 'run', 'node', 'labels'],
] as const satisfies readonly (keyof UsageRow)[]
/** Values by place: found by name they took the driver 7.5 µs a row, and so 4.2. */
const INSERT = `INSERT OR IGNORE INTO usage(project, ${COLUMNS.join(', ')}) VALUES (?${', ?'.repeat(COLUMNS.length)})`

/** One row for each model of the call: what was spent on each is known, and the call counts once, at the last. */
export function writeUsage(rows: SpendingRows, record: UsageRecord): void {
  if (!insertRows(rows, record) && record.isReserved) {
    // It was taken for lost, and lives: what it says itself counts.
    removeLost(rows, record)
    insertRows(rows, record)
  }
  if (!record.isReserved) return
  const end = record.parts.some(({ isEstimated }) => isEstimated) ? closeCall : dropCall
  end(rows, record.id)
}

/** What others say of a call; nothing where it has spoken for itself. */
export function writeLost(rows: SpendingRows, record: UsageRecord): void {
  removeLost(rows, record)
  const own = rows.prepared('SELECT 1 FROM usage WHERE project = ? AND at = ? AND id = ?').get(rows.project, record.atMs, record.id)
  if (own === undefined) insertRows(rows, record)
}

function removeLost({ prepared, project }: SpendingRows, { atMs, id }: UsageRecord): void {
  prepared(`DELETE FROM usage WHERE project = ? AND at = ? AND id = ? AND outcome = 'lost'`).run(project, atMs, id)
}

/** @returns false: the call has rows already. */
function insertRows({ prepared, project }: SpendingRows, record: UsageRecord): boolean {
  const insert = prepared(INSERT)
  let isNew = true
  for (const [index, part] of record.parts.entries()) {
    const row = rowOf(record, part, index, index === record.parts.length - 1)
    isNew = insert.run(project, ...COLUMNS.map(name => row[name])).changes === 1 && isNew
  }
  return isNew
}

function rowOf(record: UsageRecord, part: UsagePart, index: number, isLast: boolean): UsageRow {
  const { caller, verdicts } = record
  const { usage } = part
  return {
    at: record.atMs,
    id: record.id,
    part: index,
    calls: isLast ? 1 : 0,
    environment: caller.environment,
    flow: caller.flow,
    prompt: caller.prompt?.address ?? null,
    prompt_version: caller.prompt?.version ?? null,
    prompt_digest: caller.prompt?.digest ?? null,
    asked: record.asked,
    model: part.model,
    model_id: part.modelId,
    reported_id: part.reportedId ?? null,
    provider: part.provider,
    attempts: part.attempts,
    input: usage.input,
    cached_input: usage.cachedInput,
    cache_write: usage.cacheWrite,
    output: usage.output,
    reasoning: usage.reasoning,
    cost_nano: part.costNano,
    estimated: part.isEstimated ? 1 : 0,
    cache: record.cache,
    outcome: record.outcome,
    blocked: verdicts.block,
    redacted: verdicts.redact,
    flagged: verdicts.flag,
    first_token_ms: record.firstTokenMs ?? null,
    latency_ms: record.latencyMs,
    tenant: caller.tenant ?? null,
    user: caller.user ?? null,
    run: caller.run ?? null,
    node: caller.node ?? null,
    labels: record.labels === undefined ? null : JSON.stringify(record.labels),
  }
}

/** As a key is shown; what a call does not have is an empty text. */
const KEY_COLUMNS: Readonly<Record<UsageKey | 'id', string>> = {
  model: 'model',
  id: 'model_id',
  flow: 'flow',
  prompt: `coalesce(prompt || coalesce('@' || prompt_version, ''), '')`,
  environment: 'environment',
  day: `date(at / 1000, 'unixepoch')`,
  tenant: `coalesce(tenant, '')`,
}

const PERIOD = 'project = @project AND at >= @since AND at < @until AND (@environment IS NULL OR environment = @environment)'

function periodOf(project: string, { sinceMs, untilMs, environment = null }: { [Key in keyof UsageQuery]: UsageQuery[Key] | null }) {
  return { project, since: sinceMs, until: untilMs, environment }
}

interface SumRow {
  readonly calls: number | null
  readonly cached: number | null
  readonly input: number | null
  readonly output: number | null
  readonly cost: number | null
  readonly estimated: number | null
  readonly unpriced: number
}

/** The most expensive first; unknown costs last. Days are those of UTC, and in their order. */
export function sumUsage({ prepared, project }: SpendingRows, query: UsageQuery, by: readonly UsageKey[]): readonly UsageSum[] {
  const keys = by.flatMap((key): readonly (UsageKey | 'id')[] => (key === 'model' ? ['model', 'id'] : [key]))
  const columns = keys.map((key, index) => `${KEY_COLUMNS[key]} AS key${index}`)
  const names = keys.map((_, index) => `key${index}`)
  const order = by[0] === 'day' ? names : ['cost DESC NULLS LAST', 'calls DESC', ...names]
  const sql = `
    SELECT ${[...columns, ''].join(', ')}
      sum(calls) AS calls, sum(calls * (cache = 'hit')) AS cached, sum(input) AS input, sum(output) AS output, sum(cost_nano) AS cost,
      sum(CASE WHEN estimated THEN cost_nano ELSE 0 END) AS estimated, count(DISTINCT CASE WHEN cost_nano IS NULL THEN id END) AS unpriced
    FROM usage WHERE ${PERIOD} ${names.length === 0 ? '' : `GROUP BY ${names.join(', ')} ORDER BY ${order.join(', ')}`}`
  return prepared<SumRow & Readonly<Record<string, string>>>(sql)
    .all(periodOf(project, query))
    .map(row => ({
      keys: keys.map((key, index) => ({ key, value: row[`key${index}`] ?? '' })),
      calls: row.calls ?? 0,
      cached: row.cached ?? 0,
      inputTokens: row.input ?? 0,
      outputTokens: row.output ?? 0,
      costNano: row.calls === null ? 0 : row.cost,
      estimatedNano: row.estimated ?? 0,
      unpriced: row.unpriced,
    }))
}

export function unpricedModels({ prepared, project }: SpendingRows, query: UsageQuery): readonly string[] {
  return prepared<{ model: string }>(`SELECT DISTINCT model FROM usage WHERE ${PERIOD} AND cost_nano IS NULL ORDER BY model`)
    .all(periodOf(project, query))
    .map(({ model }) => model)
}

/** Newest first. */
export function estimatedUsage({ prepared, project }: SpendingRows, query: UsageQuery): readonly UsageRecord[] {
  const rows = prepared<UsageRow>(
    `SELECT * FROM usage WHERE ${PERIOD} AND id IN (SELECT id FROM usage WHERE ${PERIOD} AND estimated) ORDER BY at DESC, id DESC, part`,
  ).all(periodOf(project, query))
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap(toRecord)
}

function toRecord(rows: readonly UsageRow[]): readonly UsageRecord[] {
  const [first, ...rest] = rows
  if (first === undefined) return []
  return [
    {
      id: first.id,
      atMs: first.at,
      caller: toCaller(first),
      ...(first.labels !== null && { labels: JSON.parse(first.labels) as Readonly<Record<string, string>> }),
      asked: first.asked,
      parts: [toPart(first), ...rest.map(toPart)],
      cache: first.cache,
      verdicts: { block: first.blocked, redact: first.redacted, flag: first.flagged },
      outcome: first.outcome,
      ...(first.first_token_ms !== null && { firstTokenMs: first.first_token_ms }),
      latencyMs: first.latency_ms,
    },
  ]
}

function toCaller({
  environment,
  flow,
  prompt,
  prompt_version: version,
  prompt_digest: digest,
  run,
  node,
  tenant,
  user,
}: UsageRow): Caller {
  return {
    environment,
    flow,
    ...(prompt !== null && {
      prompt: { address: prompt, digest: digest as NonNullable<Caller['prompt']>['digest'], ...(version !== null && { version }) },
    }),
    ...(run !== null && { run }),
    ...(node !== null && { node }),
    ...(tenant !== null && { tenant }),
    ...(user !== null && { user }),
  }
}

function toPart(row: UsageRow): UsagePart {
  return {
    model: row.model,
    modelId: row.model_id,
    ...(row.reported_id !== null && { reportedId: row.reported_id }),
    provider: row.provider,
    attempts: row.attempts,
    usage: {
      input: row.input,
      cachedInput: row.cached_input,
      cacheWrite: row.cache_write,
      output: row.output,
      reasoning: row.reasoning,
    },
    costNano: row.cost_nano,
    isEstimated: row.estimated === 1,
  }
}
