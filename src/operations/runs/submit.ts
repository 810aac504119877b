import type { Closure } from '../../artifact/closure.ts'
import { memberKey, reachedFrom } from '../../artifact/references.ts'
import { compact } from '../../base/compact.ts'
import type { JsonValue } from '../../base/json.ts'
import type { Session } from '../../base/session.ts'
import { userName } from '../../base/user.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { RetryPins } from '../../engine/durable/engine.ts'
import type { RunRecord } from '../../engine/durable/record-store.ts'
import type { Flows } from '../../engine/flows.ts'
import { withPlace } from '../failure-place.ts'
import type { FoundFlow } from '../flow.ts'
import type { OperationHost } from '../project.ts'
import type { RunEngine } from './access.ts'

export interface SubmitOptions {
  readonly input: JsonValue
  readonly session: Session
  readonly idempotencyKey?: string
  /** From now on; absent: as long as the flow says. */
  readonly deadlineMs?: number
  /** The higher, the sooner; 0 unless said. */
  readonly priority?: number
  /** Its steps take nothing from a cache, and leave nothing there. */
  readonly withoutCache?: boolean
}

/** Visible ASCII (IDEM-5). */
const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Records a run, once its input fits: what does not fit leaves nothing behind.
 *
 * @throws OperationError `run/invalid-input`, `run/other-body`, `run/store-full`, `cli/bad-flag-value`.
 */
export async function submitRun(
  host: Pick<OperationHost, 'clock'>,
  { engine, flows }: RunEngine,
  flow: FoundFlow,
  { input: given, session, idempotencyKey, deadlineMs, priority = 0, withoutCache }: SubmitOptions,
): Promise<{ readonly run: RunRecord; readonly replayed: boolean }> {
  if (idempotencyKey !== undefined && !KEY.test(idempotencyKey)) throw badKey()
  const pins = await pinsOf(flows, flow, { input: given, session })
  const { closure } = pins
  return engine.submit({
    ...{ ...pins, priority, session, notBeforeMs: 0, ...compact({ idempotencyKey }), ...(withoutCache && { withoutCache }) },
    flow: closure.address,
    environment: flow.environment.name,
    deadlineAtMs: host.clock.now() + (deadlineMs ?? flows.graph(closure).timeout_ms),
    submittedBy: userName(),
    // As it was sent: a default that changes later makes no other body of it (IDEM-1).
    body: { input: given, session },
  })
}

/**
 * What a run of a flow is pinned to, once its input fits.
 *
 * @throws OperationError `run/invalid-input`
 */
export async function pinsOf(
  flows: Flows,
  flow: FoundFlow,
  { input: given, session }: Pick<RunRecord, 'input' | 'session'>,
): Promise<RetryPins> {
  const closure = reachable(flow)
  const { interpreter, retention_ms: retentionMs } = flows.graph(closure)
  const input = await flows.checkedInput(closure, given).catch(error => Promise.reject(withPlace(error, flow.parsed)))
  return { closure, input, interpreter, retentionMs, release: flow.release, ...flows.lane(closure, input, session) }
}

/**
 * What a run is pinned to (RUN-3): all that the flow reaches. Published budgets are not, for they are read when they are
 * used; those of the working copy are, for its files may be in no state to be read then.
 */
function reachable({ closure: { address, members }, release }: FoundFlow): Closure {
  const flow = reachedFrom(members, [address])
  if (release > 0) return { address, members: flow }
  const budgets = [...members].filter(([, { artifact }]) => artifact.kind === 'budget')
  const cheaper = budgets.flatMap(([, { artifact }]) => (artifact.kind === 'budget' && artifact.spec.degrade_to) || [])
  return { address, members: new Map([...flow, ...reachedFrom(members, cheaper.map(memberKey)), ...budgets]) }
}

function badKey(): OperationError {
  return new OperationError({
    code: 'cli/bad-flag-value',
    summary: '--idempotency-key is no key',
    detail: 'A key has 1 to 255 visible ASCII characters, without blanks. No run was made.',
  })
}
