import type { Deferred } from '../../artifact/deferred.ts'
import { compact } from '../../base/compact.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { objectOf, plainType, type Type } from '../../hcl/type.ts'
import { argumentRange } from '../blocks/argument-range.ts'
import { fieldBody } from '../blocks/field.ts'
import { fromFields } from '../blocks/io.ts'
import { bool, duration, integer, strings, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, near, optional, repeated, required } from '../decode/body.ts'
import { deferredJson, deferredText } from '../decode/deferred.ts'
import { findAttribute } from '../instances.ts'
import { approvalAttributes } from './attributes.ts'
import type { NodeDefinition, NodeSite } from './definition.ts'
import { checkType } from './inferred-type.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    title: required(deferredText),
    body: required(deferredText),
    assignees: required(strings()),
    quorum: defaulted(integer(1), 1),
    separation: defaulted(bool, false),
    timeout: required(duration),
    on_timeout: required(text()),
    notify: defaulted(strings(), []),
  },
  blocks: {
    ...NODE_BLOCKS,
    action: repeated({ arguments: { label: optional(text()), require_comment: defaulted(bool, false) } }, ['name']),
    field: repeated({ arguments: { ...fieldBody.arguments, initial: optional(deferredJson) } }, ['name']),
  },
} as const satisfies BodySpec

type Approval = Decoded<typeof body>

/** The exits of an approval that names none. */
const USUAL_ACTIONS = [
  { name: 'approve', require_comment: false },
  { name: 'reject', require_comment: false },
] as const

/** Waits for a person. */
export const approval: NodeDefinition = {
  type: 'approval',
  summary: 'waits for a person',
  body,
  compile(block, site) {
    const before = site.report.errorCount
    const decoded = decodeBody(block.body, body, site, block)
    if (decoded === undefined) return undefined
    const actions = actionsOf(decoded)
    const names = actions.map(({ name }) => name)
    checkAssignees(block, decoded, site)
    checkTimeout(block, decoded, names, site)
    checkNotify(block, decoded, site)
    const fields = fieldsOf(block, decoded, site)
    if (site.report.errorCount > before || fields === undefined) return undefined
    const { title, body: shown, assignees, quorum, separation, on_timeout, notify } = decoded
    return {
      settings: decoded,
      arguments: compact({
        ...{ title, body: shown, actions: actions as never, assignees, quorum, separation, on_timeout, notify },
        fields: fields.schema,
        initial: fields.initial,
      }),
      exits: { ordinary: names, exceptional: on_timeout === 'expired' ? ['expired'] : [] },
      attributes: approvalAttributes(fields.type),
      hasEffect: true,
      isCacheable: false,
    }
  },
}

function actionsOf({ action }: Approval): readonly { readonly name: string; readonly label?: string; readonly require_comment: boolean }[] {
  return action.length === 0 ? USUAL_ACTIONS : action.map(({ labels: [name = ''], content }) => compact({ name, ...content }))
}

const ASSIGNEE = /^(role:[a-z][a-z0-9_-]{0,62}|user:\S{1,254})$/

function checkAssignees(block: Block, { assignees }: Approval, site: NodeSite): void {
  const wrong = assignees.find(assignee => !ASSIGNEE.test(assignee))
  if (wrong === undefined && assignees.length > 0) return
  site.report.error({
    code: 'approval/bad-assignee',
    summary: wrong === undefined ? 'Nobody may decide this approval' : `"${wrong}" is not somebody who may decide`,
    detail: 'Write roles and users: "role:support_lead", "user:ana@example.com".',
    subject: argumentRange(block, 'assignees') ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function checkTimeout(block: Block, { on_timeout: written }: Approval, actions: readonly string[], site: NodeSite): void {
  const choices = [...actions, 'expired', 'fail']
  if (choices.includes(written)) return
  site.report.error({
    code: 'config/not-one-of',
    summary: `"${written}" is not a value of "on_timeout"`,
    detail: `It may be ${enumerate(choices, 'or')}: an action, the exit "expired", or the end of the run.`,
    subject: argumentRange(block, 'on_timeout') ?? block.headerRange,
    where: site.where,
    address: site.address,
    ...near(written, choices),
  })
}

function checkNotify(block: Block, { notify }: Approval, site: NodeSite): void {
  if (notify.length === 0) return
  const wrong = notify.find(target => !/^(https:\/\/\S+|mailto:\S+@\S+)$/.test(target))
  if (wrong === undefined) {
    site.report.warning({
      code: 'approval/nobody-told',
      summary: 'Nobody is told of this approval: the engine sends no messages',
      detail: 'What waits is listed by: flowrun runs --state waiting',
      subject: argumentRange(block, 'notify') ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
    return
  }
  site.report.error({
    code: 'config/insecure-url',
    summary: `"${wrong}" cannot be told of an approval`,
    detail: 'Write an https:// address that takes webhooks, or mailto: and an address.',
    subject: argumentRange(block, 'notify') ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

interface Fields {
  readonly type: Type
  readonly schema?: JsonObject
  readonly initial?: Readonly<Record<string, Deferred>>
}

/** What whoever decides may edit. */
function fieldsOf(block: Block, { field }: Approval, site: NodeSite): Fields | undefined {
  if (field.length === 0) return { type: objectOf({}) }
  const declared = fromFields(block, field, site)
  if (declared === undefined) return undefined
  const type = plainType(declared.type)
  const initial: [string, Deferred][] = []
  for (const {
    labels: [name = ''],
    block: written,
    content,
  } of field) {
    const expression = findAttribute(written, 'initial')?.expression
    const attribute = type.kind === 'object' ? type.attributes.get(name) : undefined
    if (expression === undefined || attribute === undefined || content.initial === undefined) continue
    const value = evaluate(expression, { ...site.deferred, report: site.report.muted() })
    if (checkType(value, attribute.type, `The first value of field "${name}"`, expression.range, site))
      initial.push([name, content.initial])
  }
  const schema = declared.schema as JsonObject
  return initial.length === 0 ? { type: declared.type, schema } : { type: declared.type, schema, initial: Object.fromEntries(initial) }
}
