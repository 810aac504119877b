import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { ANY, INTEGER, listOf, type Type } from '../../hcl/type.ts'
import { unify } from '../../hcl/unify.ts'
import { integer } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, optional, required } from '../decode/body.ts'
import { deferredBool, deferredJson } from '../decode/deferred.ts'
import type { BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'
import { given } from './attributes.ts'
import { laterBlock, requireNodes } from './body-blocks.ts'
import type { NodeDefinition, NodeSite } from './definition.ts'
import { checkType, valueType } from './inferred-type.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const untouched: ArgumentDecoder<Expression> = ({ attribute }) => attribute.expression

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    state: required(deferredJson),
    // Both see the loop, and are decoded with its body.
    next: required(untouched),
    until: required(untouched),
    max_iterations: optional(integer(1, 1_000)),
  },
  blocks: { ...NODE_BLOCKS, node: laterBlock(['type', 'name']), edge: laterBlock([]) },
} as const satisfies BodySpec

const nextBody = { arguments: { next: required(deferredJson) } } as const satisfies BodySpec
const untilBody = { arguments: { until: required(deferredBool) } } as const satisfies BodySpec

/** Repeats a body until a condition holds, which is tested before each iteration and after the last. */
export const loop: NodeDefinition = {
  type: 'loop',
  summary: 'repeats a body until a condition holds',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const state = findAttribute(block, 'state')?.expression
    const hasLimit = findAttribute(block, 'max_iterations') !== undefined
    if (!hasLimit) reportNoLimit(block, site)
    if (decoded?.max_iterations === undefined || state === undefined || !requireNodes(block, site)) return undefined
    const type = stateType(state, site)
    const inner = site.openBody({ loop: type })
    const until = inner && only(block, 'until', untilBody, inner.before)
    const next = inner && only(block, 'next', nextBody, inner.after)
    if (inner === undefined || until === undefined || next === undefined || !checkNext(block, type, inner.after)) return undefined
    return {
      settings: decoded,
      arguments: { state: decoded.state, next: next.next, until: until.until, max_iterations: decoded.max_iterations },
      exits: { ordinary: ['done'], exceptional: ['exhausted'] },
      attributes: { output: given(type), iterations: given(INTEGER) },
      hasEffect: inner.hasEffect,
      isCacheable: false,
      nodes: inner.nodes,
    }
  },
}

/** One argument of the block, decoded where other names are known. */
function only<Spec extends BodySpec>(block: Block, name: string, spec: Spec, site: BlockSite) {
  const attribute = findAttribute(block, name)
  return attribute && decodeBody({ kind: 'body', items: [attribute], range: block.body.range }, spec, site, block)
}

/** The first state sets the type; an empty list in it may grow. */
function stateType(expression: Expression, site: NodeSite): Type {
  return grown(valueType(evaluate(expression, { ...site.deferred, report: site.report.muted() })))
}

function grown(type: Type): Type {
  if (type.kind === 'tuple') return listOf(unify(type.elements.map(grown)) ?? ANY)
  if (type.kind !== 'object') return type
  const attributes = [...type.attributes].map(([name, attribute]) => [name, { ...attribute, type: grown(attribute.type) }] as const)
  return { kind: 'object', attributes: new Map(attributes) }
}

function checkNext(block: Block, type: Type, site: BlockSite): boolean {
  const expression = findAttribute(block, 'next')?.expression
  if (expression === undefined) return false
  const value = evaluate(expression, { ...(site.deferred ?? site.evaluation), report: site.report.muted() })
  return checkType(value, type, 'The next state of the loop', expression.range, site)
}

function reportNoLimit(block: Block, site: NodeSite): void {
  const subject: SourceRange = block.headerRange
  site.report.error({
    code: 'loop/no-limit',
    summary: 'This loop has no limit',
    detail: 'A condition may never hold. Write max_iterations = N, from 1 to 1000; past it the node leaves by its exit "exhausted".',
    subject,
    where: site.where,
    address: site.address,
  })
}
