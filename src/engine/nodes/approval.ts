import type { NodeArguments } from '../../artifact/workflow.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { invariant } from '../../base/invariant.ts'
import type { JsonObject } from '../../base/json.ts'
import { defineNode, type NodeContext, NodeFailure } from '../interpreter/behaviour.ts'
import type { ApprovalCommand, StepOutcome } from '../interpreter/command.ts'

type Given = NodeArguments['approval']

/** Waits for people. What they are shown is evaluated once, and its digest is what they decide on (APPR-1). */
export const approvalNode = defineNode<'approval'>({
  exceptionalExits: new Map([['expired', 'approval/expired']]),
  begin: (given, context) => ({ kind: 'asked', command: shown(given, context) }),
  end: (outcome, given, context) => (outcome.exit === 'expired' ? expired(given, context) : outcome),
  outputType: given => given.fields,
})

function shown(given: Given, context: NodeContext): Omit<ApprovalCommand, 'path' | 'node'> {
  const { timeout_ms: timeoutMs, name } = context.node
  invariant(timeoutMs !== undefined, 'run/approval-without-timeout', `the approval "${name}" has no timeout`)
  const title = context.text(given.title)
  const body = context.text(given.body)
  const fields = fieldsOf(given, context)
  const actions = given.actions.map(({ name: action, label, require_comment: requireComment }) => ({
    name: action,
    requireComment,
    ...(label !== undefined && { label }),
  }))
  return {
    type: 'approval',
    title,
    body,
    bodyDigest: context.digest(canonicalJson({ title, body, fields, actions })),
    actions,
    fields,
    assignees: given.assignees,
    quorum: given.quorum,
    separation: given.separation,
    timeoutAtMs: context.nowMs + timeoutMs,
  }
}

function fieldsOf({ fields, initial }: Given, context: NodeContext): JsonObject {
  return fields === undefined ? {} : { schema: fields, initial: context.evaluate(initial ?? {}) }
}

/** `on_timeout` is one of the actions, `expired` or `fail`. */
function expired(given: Given, context: NodeContext): StepOutcome {
  const { on_timeout: what } = given
  if (what === 'fail') throw new NodeFailure('approval/expired', `Nobody decided on "${context.node.name}" in time`)
  const output = given.fields === undefined || what === 'expired' ? null : context.evaluate(given.initial ?? {})
  const attributes = { action: what === 'expired' ? null : what, output, comment: null, decided_by: null, decided_at: null }
  return { status: 'succeeded', exit: what, attributes }
}
