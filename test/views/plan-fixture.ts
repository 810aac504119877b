import type { Artifact } from '../../src/artifact/envelope.ts'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { MessageSpec, PromptSpec } from '../../src/artifact/prompt.ts'
import { type Digest, digestOfText } from '../../src/base/digest.ts'
import type { Change, CostForecast, Forecast, Plan, PlannedVersion } from '../../src/plan/plan.ts'
import type { Release } from '../../src/registry/release.ts'

/** Plans of the reference's conversations, as data. */

export const NOW = Date.parse('2026-11-21T14:02:11Z')
const HOUR = 3_600_000
const digest = (text: string): Digest => digestOfText(text)

export function planOf(parts: Partial<Plan>): Plan {
  return {
    mode: 'normal',
    project: 'support',
    environment: 'dev',
    target: { type: 'embedded', state: { type: 'sqlite' }, content: { type: 'inline' } },
    applyId: '01JDC7K3M0ABCDEFGHJKMNPQRS',
    isProtected: false,
    createdAtMs: NOW,
    base: { release: 14, registryId: 'registry', lineage: 'lineage', stateSerial: 14 },
    changes: [],
    drift: [],
    outputs: [],
    checks: [],
    moves: [],
    adoptions: { converged: [], forgotten: [] },
    references: [],
    obstacles: [],
    changeDigest: digest('plan'),
    inputs: { configuration: digest('configuration'), variables: {}, files: {}, environment: {} },
    warnings: [],
    ...parts,
  }
}

export function versionOf(version: number, artifact: Artifact, more: Partial<PlannedVersion> = {}): PlannedVersion {
  return { version, digest: digest(JSON.stringify(artifact)), interfaceDigest: digest(artifact.kind), artifact, ...more }
}

export function changeOf(parts: Pick<Change, 'address' | 'action'> & Partial<Change>): Change {
  const artifact = parts.after?.artifact ?? parts.before?.artifact
  return { kind: artifact?.kind ?? 'prompt', reason: parts.action === 'create' ? 'new' : 'content', usedBy: [], ...parts }
}

export const provider: Artifact = {
  format: 'flowrun.artifact/1',
  kind: 'provider',
  refs: [],
  secrets: [],
  spec: { type: 'simulated', allow_private: false, headers: {}, connect_timeout_ms: 10_000, rate_limit: {} },
}

export function modelOf(parts: Partial<ModelSpec>): Artifact {
  return {
    format: 'flowrun.artifact/1',
    kind: 'model',
    refs: ['provider.local'],
    secrets: [],
    spec: {
      provider: { $ref: 'provider.local' },
      id: 'simulated-small',
      kind: 'chat',
      capabilities: ['streaming'],
      limits: { context_window: 128_000, max_output_tokens: 16_384, reserved_tokens: 0 },
      price: [{ above_input_tokens: 0, input_nano_per_m: 150_000_000, output_nano_per_m: 600_000_000 }],
      fallback: [],
      timeout_ms: 60_000,
      first_token_timeout_ms: 30_000,
      retry: { max_attempts: 3, initial_ms: 500, max_ms: 20_000, on: ['network', 'timeout'] },
      circuit_breaker: { enabled: true, failure_rate: 0.5, window_ms: 30_000, min_calls: 20, cooldown_ms: 15_000 },
      sources: { capabilities: 'catalogue 2026-11', limits: 'catalogue 2026-11', price: 'catalogue 2026-11' },
      ...parts,
    },
  }
}

export function promptOf(messages: readonly MessageSpec[], parts: Partial<PromptSpec> = {}): Artifact {
  const spec: PromptSpec = {
    tiers: [{ model: { $ref: 'model.fast' } }],
    input: {
      type: 'object',
      additionalProperties: false,
      required: ['question'],
      'x-order': ['question'],
      properties: { question: { type: 'string' } },
    },
    messages,
    repair: 1,
    on_truncated: 'fail',
    ...parts,
  }
  return { format: 'flowrun.artifact/1', kind: 'prompt', refs: ['model.fast'], secrets: [], spec }
}

const user: MessageSpec = { role: 'user', text: { $expr: 'input.question' } }
const files = { system: 'prompts/answer.md' }

const fixed = (tokens: number) => ({ fixed: tokens, approximate: false, parts: [] })

export const firstPlan = planOf({
  base: { release: 0, registryId: '', lineage: 'lineage', stateSerial: 0 },
  changes: [
    changeOf({ address: 'provider.local', action: 'create', after: versionOf(1, provider), usedBy: ['model.fast'] }),
    changeOf({ address: 'model.fast', action: 'create', after: versionOf(1, modelOf({})), usedBy: ['prompt.answer'] }),
    changeOf({
      address: 'prompt.answer',
      action: 'create',
      after: versionOf(1, promptOf([{ role: 'system', text: 'You are a friendly assistant.\nAnswer in one sentence.\n' }, user]), {
        textFiles: files,
      }),
      forecast: {
        tokensAfter: fixed(11),
        costAfter: { nanoPerThousandCalls: 0, basis: { kind: 'simulated' }, modelAddress: 'model.fast', modelId: 'simulated-small' },
      },
    }),
  ],
})

export const answerBefore = [
  'You are the support assistant of Acme.',
  '',
  'Give a brief answer.',
  'Cite the sources that you used.',
  'If no source answers the question, say so.',
  '',
  ...Array.from({ length: 8 }, (_, index) => `Rule ${index + 1}.`),
  '',
].join('\n')

function recorded(nanoPerThousandCalls: number, inputTokens: number): CostForecast {
  return {
    nanoPerThousandCalls,
    basis: { kind: 'recorded', calls: 1204, days: 7, inputTokens, outputTokens: 96 },
    modelAddress: 'model.fast',
    modelId: 'gpt-4o-mini',
  }
}

const answerForecast: Forecast = {
  tokensBefore: fixed(214),
  tokensAfter: fixed(216),
  costBefore: recorded(179_400_000, 812),
  costAfter: recorded(179_700_000, 814),
}

export const answerChange = changeOf({
  address: 'prompt.answer',
  action: 'update',
  before: versionOf(7, promptOf([{ role: 'system', text: answerBefore }, user])),
  after: versionOf(8, promptOf([{ role: 'system', text: answerBefore.replace('brief', 'step-by-step') }, user]), { textFiles: files }),
  usedBy: ['workflow.support', 'eval.support_quality'],
  forecast: answerForecast,
})

export const oneWordPlan = planOf({ changes: [answerChange] })

const mini = modelOf({ id: 'gpt-4o-mini' })

export const fourChangesPlan = planOf({
  base: { ...oneWordPlan.base, release: 15 },
  changes: [
    changeOf({
      address: 'model.fast',
      action: 'update',
      before: versionOf(4, mini),
      after: versionOf(
        5,
        modelOf({ id: 'gpt-4.1-mini', limits: { context_window: 1_047_576, max_output_tokens: 32_768, reserved_tokens: 0 } }),
      ),
      usedBy: ['prompt.answer'],
      affectedCosts: [{ address: 'prompt.answer', before: recorded(179_400_000, 812), after: recorded(478_400_000, 812) }],
    }),
    {
      ...answerChange,
      before: versionOf(8, promptOf([user])),
      after: versionOf(7, promptOf([user]), { publishedAtMs: Date.parse('2026-11-14T09:12:33Z') }),
      reason: 'published-earlier',
    },
    changeOf({
      address: 'prompt.translate',
      action: 'create',
      after: versionOf(1, promptOf([user])),
      forecast: { tokensAfter: fixed(188) },
    }),
    changeOf({
      address: 'prompt.greet',
      action: 'delete',
      before: versionOf(3, promptOf([user])),
      reason: 'not-in-configuration',
      keptVersions: 3,
    }),
  ],
})

export const driftPlan = planOf({
  environment: 'prod',
  base: { ...oneWordPlan.base, release: 15 },
  drift: [
    {
      address: 'model.backup',
      before: 3,
      after: 2,
      release: 15,
      actor: 'bo',
      atMs: NOW - 14 * HOUR,
      cause: 'rollback',
      reason: 'timeouts since 17:20',
    },
  ],
  changes: [
    changeOf({
      address: 'model.backup',
      action: 'update',
      before: versionOf(2, modelOf({ params: { max_output_tokens: 4096 } })),
      after: versionOf(3, modelOf({ params: { max_output_tokens: 8192 } }), { publishedAtMs: NOW - 30 * HOUR }),
      reason: 'published-earlier',
      usedBy: ['model.fast (fallback)', 'prompt.answer', 'workflow.support'],
    }),
    answerChange,
  ],
  obstacles: [
    {
      kind: 'held',
      address: 'model.backup',
      version: 3,
      digest: digest('held'),
      release: 15,
      actor: 'bo',
      atMs: NOW - 14 * HOUR,
      reason: 'timeouts since 17:20',
    },
  ],
})

/** What an apply of `driftPlan` made. */
export const release: Release = {
  environment: 'prod',
  number: 16,
  kind: 'apply',
  applyId: driftPlan.applyId,
  lineage: 'lineage',
  changeDigest: driftPlan.changeDigest,
  restores: null,
  actor: 'ana',
  source: '',
  reason: '',
  createdAtMs: NOW,
}
