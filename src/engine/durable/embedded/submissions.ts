import type { Clock } from '../../../base/clock.ts'
import { compact } from '../../../base/compact.ts'
import { digestOf } from '../../../base/digest.ts'
import type { UlidSource } from '../../../base/ids.ts'
import type { FlowReader, RetryOptions, RetryOutcome, Submission } from '../engine.ts'
import type { RecordStore, RunRecord } from '../record-store.ts'
import type { Closures } from './closures.ts'
import type { ChildStart } from './drive-state.ts'
import { keptSteps } from './retry-run.ts'
import { refuseLarge } from './value-limit.ts'

/** Where runs are recorded, and what is read of their flows. */
export interface SubmissionPlace {
  readonly store: RecordStore
  readonly flows: FlowReader
  readonly closures: Closures
  readonly project: string
  readonly clock: Clock
  readonly newId: UlidSource
}

/** Records a run. */
export async function submitRun({ store, project, newId, clock, closures }: SubmissionPlace, { closure, body, ...submission }: Submission) {
  refuseLarge('input', submission.input)
  const closureDigest = await closures.keep(closure)
  const { flow, input, session } = submission
  const fingerprint = digestOf({ flow, body: body ?? { input, session } })
  return store.submit({ ...submission, id: newId(), project, closureDigest, fingerprint, createdAtMs: clock.now() })
}

/** Records what a run begins; one that was recorded before is found. */
export async function submitChild(
  { store, flows, clock, closures }: SubmissionPlace,
  parent: RunRecord,
  child: ChildStart,
): Promise<RunRecord> {
  const { id, path, flow, input, isDetached } = child
  const { closure, interpreter, lane, laneLimit, timeoutMs, retentionMs } = flows.child(child.closure, flow, {
    input,
    session: parent.session,
  })
  const nowMs = clock.now()
  const { run } = await store.submit({
    ...{ id, flow, input, interpreter, lane, retentionMs, ...compact({ laneLimit }) },
    closureDigest: await closures.keep(closure),
    project: parent.project,
    environment: parent.environment,
    release: parent.release,
    session: parent.session,
    fingerprint: digestOf({ flow, body: input }),
    priority: parent.priority,
    createdAtMs: nowMs,
    notBeforeMs: 0,
    deadlineAtMs: isDetached ? nowMs + timeoutMs : Math.min(parent.deadlineAtMs, nowMs + timeoutMs),
    submittedBy: parent.submittedBy,
    ...compact({ withoutCache: parent.withoutCache }),
    ...(!isDetached && { parent: { run: parent.id, path } }),
  })
  return run
}

/** Records a run with the steps of a former one (RUN-5). */
export async function submitRetry(
  { store, flows, newId, clock, closures }: SubmissionPlace,
  id: string,
  { from, submittedBy, pins }: RetryOptions,
): Promise<RetryOutcome> {
  const former = await store.getRun(id)
  const pinned = former && (await closures.of(former))
  if (former === undefined || pinned === undefined) return { outcome: 'unknown-run' }
  if (former.state !== 'failed' && former.state !== 'cancelled') return { outcome: 'not-ended', state: former.state }
  const before = flows.graph(pinned).nodes
  const { nodes } = pins ? flows.graph(pins.closure) : { nodes: before }
  if (from !== undefined && !nodes.some(({ name }) => name === from))
    return { outcome: 'unknown-node', nodes: nodes.map(({ name }) => name) }
  const { release, interpreter, input, lane, laneLimit, retentionMs } = pins ?? former
  const nowMs = clock.now()
  const { run } = await store.submit(
    {
      ...{ id: newId(), project: former.project, environment: former.environment, flow: former.flow, release, interpreter, input },
      ...{ closureDigest: pins ? await closures.keep(pins.closure) : former.closureDigest, session: former.session },
      ...{ fingerprint: former.fingerprint, priority: former.priority, lane, ...compact({ laneLimit, withoutCache: former.withoutCache }) },
      ...{ createdAtMs: nowMs, notBeforeMs: 0, deadlineAtMs: nowMs + former.deadlineAtMs - former.createdAtMs },
      ...{ retentionMs, retryOf: former.id, submittedBy },
    },
    keptSteps(nodes, before, await store.steps(id), from),
  )
  return { outcome: 'submitted', run }
}
