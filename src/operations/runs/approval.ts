import type { JsonSchema } from '../../artifact/json-schema.ts'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import { userName } from '../../base/user.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { DecisionOutcome, RunRecord, WaitRecord } from '../../engine/durable/record-store.ts'
import type { ApprovalCommand } from '../../engine/interpreter/command.ts'
import { violationLines } from '../../engine/prompt/input.ts'
import type { RunEngine } from './access.ts'
import { requireOpen } from './control.ts'

type ApprovalWait = Extract<WaitRecord, { readonly kind: 'approval' }>

/** What a person is asked for. */
export interface OpenApproval {
  readonly run: RunRecord
  readonly shown: ApprovalCommand
  /** Since when; absent: its event is not kept any more. */
  readonly askedAtMs?: number
  /** What may be edited, as it stands. */
  readonly fields: JsonObject
}

/**
 * The approval that a run waits for, or the one of a node where it waits for more.
 *
 * @throws OperationError `run/ended`, `run/no-approval`.
 */
export async function findApproval({ records }: RunEngine, run: RunRecord, node: string | undefined): Promise<OpenApproval> {
  requireOpen(run)
  const open = (await records.waits(run.id)).filter((wait): wait is ApprovalWait => wait.kind === 'approval')
  const [wait, ...others] = node === undefined ? open : open.filter(({ path }) => path === node)
  if (wait === undefined || others.length > 0) throw noApproval(run, node, open)
  const asked = (await records.events(run.id, 0)).findLast(({ type, data }) => type === 'step.waiting' && data.path === wait.path)
  const { initial } = wait.shown.fields
  return { run, shown: wait.shown, fields: isJsonObject(initial) ? initial : {}, ...(asked && { askedAtMs: asked.atMs }) }
}

export interface DecisionOptions {
  readonly action: string
  /** Changes of what may be edited. */
  readonly fields: JsonObject
  readonly reason?: string
}

/**
 * Decides on exactly what was shown (APPR-1).
 *
 * @returns how many more people must decide the same.
 * @throws OperationError `approval/…`, `run/no-approval`, `run/invalid-input`.
 */
export async function decideApproval({ engine, flows }: RunEngine, approval: OpenApproval, options: DecisionOptions): Promise<number> {
  const { run, shown } = approval
  const { action, reason } = options
  const fields = { ...approval.fields, ...options.fields }
  const { schema } = shown.fields
  // The schema was checked when the workflow was published.
  const violations = isJsonObject(schema) ? flows.violations(schema as unknown as JsonSchema, fields) : []
  if (violations.length > 0 || (!isJsonObject(schema) && Object.keys(options.fields).length > 0)) {
    const lines =
      violations.length > 0 ? violationLines(violations) : [`${Object.keys(options.fields)[0]}  is not known: nothing may be edited`]
    throw new OperationError({
      code: 'run/invalid-input',
      summary: `The input of "${shown.node}" does not fit`,
      notes: lines,
      detail: 'Nothing was decided.',
    })
  }
  const decided = await engine.decide({
    ...{ run: run.id, path: shown.path, by: userName(), action, bodyDigest: shown.bodyDigest, fields },
    ...(reason === undefined ? {} : { comment: reason }),
  })
  if (decided.outcome === 'recorded') return decided.missing
  throw refused(decided, approval, action)
}

function noApproval({ id, flow }: RunRecord, node: string | undefined, open: readonly ApprovalWait[]): OperationError {
  const paths = open.map(({ path }) => path)
  const suggestions = node === undefined ? [] : suggest(node, paths)
  const isMany = node === undefined && paths.length > 1
  return new OperationError({
    code: 'run/no-approval',
    summary: isMany
      ? `Run ${id} waits for ${paths.length} decisions`
      : `Run ${id} of ${flow} waits for no decision${node === undefined ? '' : ` in "${node}"`}`,
    detail: `${paths.length === 0 ? '' : `It waits in ${paths.join(', ')}. `}${isMany ? 'Name the node. ' : ''}Nothing was decided.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

function refused(decided: Exclude<DecisionOutcome, { outcome: 'recorded' }>, { run, shown }: OpenApproval, action: string): OperationError {
  const nothing = 'Nothing was decided.'
  switch (decided.outcome) {
    case 'not-waiting':
    case 'late':
      return new OperationError({
        code: 'run/no-approval',
        summary: `Run ${run.id} waits for no decision in "${shown.node}" any more`,
        detail: `${decided.outcome === 'late' ? 'Its time is over. ' : ''}${nothing}`,
      })
    case 'changed':
      return new OperationError({
        code: 'approval/changed',
        summary: `"${shown.node}" shows something else by now`,
        detail: `Look at it again. ${nothing}`,
      })
    case 'own-run':
      return new OperationError({
        code: 'approval/own-run',
        summary: `${run.submittedBy} has submitted this run, and may not decide on "${shown.node}"`,
        detail: `Somebody else must. ${nothing}`,
      })
    case 'decided-before':
      return new OperationError({
        code: 'approval/decided-before',
        summary: `${userName()} has decided on "${shown.node}" already`,
        detail: `${shown.quorum} people must agree. ${nothing}`,
      })
    case 'unknown-action':
      return new OperationError({
        code: 'approval/unknown-action',
        summary: `"${shown.node}" has no action "${action}"`,
        detail: `Its actions are ${decided.actions.join(', ')}: flowrun runs approve ${run.id.slice(-4)} --action NAME. ${nothing}`,
      })
    case 'comment-required':
      return new OperationError({
        code: 'approval/needs-reason',
        summary: `The action "${action}" of "${shown.node}" needs a reason`,
        detail: `Say it with --reason TEXT. ${nothing}`,
      })
  }
}
