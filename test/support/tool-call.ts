import type { Closure, ClosureMember } from '../../src/artifact/closure.ts'
import type { ToolSpec } from '../../src/artifact/tool.ts'
import type { JsonObject, JsonValue } from '../../src/base/json.ts'
import { type EffectResult, effectKeyOf } from '../../src/engine/durable/effect.ts'
import type { RunRecord } from '../../src/engine/durable/record-store.ts'
import type { ToolDependencies } from '../../src/engine/effects/tool/call.ts'
import { toolEffect } from '../../src/engine/effects/tool/index.ts'
import type { EffectCommand } from '../../src/engine/interpreter/command.ts'
import { loadSchemaValidator } from '../../src/engine/schema-validator.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { createBill } from '../../src/gateway/ledger/bill.ts'
import { gatewayDependencies, language } from './gateway.ts'

const validator = loadSchemaValidator()

/** Real sockets and processes; secrets are those of the environment. */
export function toolDependencies(environment: Record<string, string> = {}, changes: Partial<ToolDependencies> = {}): ToolDependencies {
  const gateway = gatewayDependencies(environment)
  const { http, secrets, redactor, clock, timers, random } = gateway
  const inherited = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment }
  return {
    ...{ gateway: createGateway(gateway), http, secrets, redactor, clock, timers, random, language },
    ...{ validator: () => validator, environment: inherited, mayStartProcesses: true },
    ...changes,
  }
}

/** A tool of an artifact with what is usual left out. */
export function toolSpec(changes: Partial<ToolSpec>): ToolSpec {
  return {
    name: 'test',
    replay: 'safe',
    on_unknown: 'pause',
    timeout_ms: 5000,
    retry: { max_attempts: 1, initial_ms: 1, max_ms: 2 },
    max_result_bytes: 64_000,
    ...changes,
  }
}

/** An input of strings that may be left out: schemas are for those who test them. */
export function inputOf(...names: readonly string[]): NonNullable<ToolSpec['input']> {
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(names.map(name => [name, { type: 'string' }])) }
}

export interface ToolTrial {
  readonly with?: JsonValue
  readonly dependencies?: ToolDependencies
  readonly signal?: AbortSignal
  readonly run?: string
  readonly path?: string
  readonly members?: Readonly<Record<string, JsonObject>>
}

/** Calls a tool as its node does. */
export function callTool(spec: ToolSpec, trial: ToolTrial = {}): Promise<EffectResult> {
  const { with: given = {}, dependencies = toolDependencies(), signal, run = 'run-1', path = 'call', members = {} } = trial
  const member = (artifact: unknown) => ({ digest: 'sha256:0', artifact }) as ClosureMember
  const all = Object.entries({ 'tool.test': { kind: 'tool', spec }, ...members }).map(([key, artifact]) => [key, member(artifact)] as const)
  const closure: Closure = { address: 'workflow.w', members: new Map(all) }
  const command: EffectCommand = {
    ...{ type: 'effect', path, node: 'call', nodeType: 'tool', replay: spec.replay, attempt: 1 },
    arguments: { tool: { $ref: 'tool.test' }, with: given },
  }
  const record = { id: run, environment: 'dev', flow: 'workflow.w', session: {} } as RunRecord
  const context = { effectKey: effectKeyOf(run, path), signal: signal ?? new AbortController().signal, bill: createBill() }
  return toolEffect(dependencies)(command, record, closure, context)
}

/** What came of it, in one line: `done {"output":1}`, `tool/timeout: …`, `unknown`, `paused secret/missing: …`. */
export async function outcomeLine(result: Promise<EffectResult>): Promise<string> {
  const done = await result
  if ('pause' in done) return `paused ${done.pause.code}: ${done.pause.message}`
  const { outcome } = done
  if (outcome.status === 'succeeded') return `${outcome.exit} ${JSON.stringify(outcome.attributes)}`
  if (outcome.status === 'unknown') return 'unknown'
  return `${outcome.error.code}: ${outcome.error.message}${outcome.error.retryable ? ' (retryable)' : ''}`
}
