import type { Deferred } from '../../artifact/deferred.ts'
import type { Block } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { ANY, INTEGER, objectOf, plainType, STRING, type Type } from '../../hcl/type.ts'
import { describeType } from '../../hcl/type-text.ts'
import { unify } from '../../hcl/unify.ts'
import { typeOf } from '../../hcl/value.ts'
import { integer, oneOf } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, required } from '../decode/body.ts'
import { deferredJson, deferredOf } from '../decode/deferred.ts'
import type { BlockSite } from '../decode/site.ts'
import { createDeferredScope } from '../deferred-scope.ts'
import { findAttribute } from '../instances.ts'
import { mapAttributes } from './attributes.ts'
import { laterBlock, requireNodes } from './body-blocks.ts'
import { DONE, type NodeDefinition, type NodeSite } from './definition.ts'
import { valueType } from './inferred-type.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    items: required(deferredJson),
    /** Sees the item, and so is decoded with the body. */
    item_key: optional((({ attribute }) => attribute) as ArgumentDecoder<unknown>),
    concurrency: defaulted(integer(1, 256), 8),
    max_items: defaulted(integer(1, 100_000), 1_000),
    on_item_error: defaulted(oneOf(['fail_fast', 'continue', 'drop']), 'fail_fast'),
  },
  blocks: { ...NODE_BLOCKS, node: laterBlock(['type', 'name']), edge: laterBlock([]), output: { ...laterBlock([]), many: false } },
} as const satisfies BodySpec

const keyBody = { arguments: { item_key: optional(deferredOf(STRING)) } } as const satisfies BodySpec
const outputBody = { arguments: { value: required(deferredJson) } } as const satisfies BodySpec

/** Runs a body once per item. Its nodes have limits of their own, so it has none besides that of the run. */
export const map: NodeDefinition = {
  type: 'map',
  summary: 'runs a body once per item',
  body,
  compile(block, site) {
    const decoded = decodeBody(block.body, body, site, block)
    const element = itemsElement(block, site)
    if (decoded === undefined || element === undefined || !requireNodes(block, site) || !requireOutput(block, decoded.output, site))
      return undefined
    const inner = site.openBody({ item: element })
    const key = inner && keyOf(block, element, site)
    const output = inner && decoded.output && decodeBody(decoded.output.body, outputBody, inner.after, decoded.output)
    if (inner === undefined || output === undefined || key === undefined || decoded.output === undefined) return undefined
    const { items, concurrency, max_items, on_item_error } = decoded
    return {
      settings: decoded,
      arguments: { items, ...key, concurrency, max_items, on_item_error },
      exits: DONE,
      attributes: mapAttributes(outputType(decoded.output, inner.after), on_item_error === 'drop'),
      hasEffect: inner.hasEffect,
      isCacheable: false,
      nodes: inner.nodes,
      output: output.value,
    }
  },
}

/** The type of one item; undefined after an error was reported. */
function itemsElement(block: Block, site: NodeSite): Type | undefined {
  const expression = findAttribute(block, 'items')?.expression
  if (expression === undefined) return undefined
  const type = plainType(typeOf(evaluate(expression, { ...site.deferred, report: site.report.muted() })))
  if (type.kind === 'any') return ANY
  if (type.kind === 'list' || type.kind === 'set') return type.element
  if (type.kind === 'tuple') return unify(type.elements) ?? ANY
  site.report.error({
    code: 'workflow/type-mismatch',
    summary: `"items" is ${describeType(type)}, and not a list`,
    detail: 'A map runs its body once per element of a list. Of a map or an object, take values(…) or keys(…).',
    subject: expression.range,
    where: site.where,
    address: site.address,
  })
  return undefined
}

/** Made of value and number of the item: its key is what is made here. */
function keyOf(block: Block, element: Type, site: NodeSite): { readonly item_key?: Deferred } | undefined {
  const attribute = findAttribute(block, 'item_key')
  if (attribute === undefined) return {}
  const item = {
    label: 'An item of the map',
    code: 'config/unknown-attribute',
    type: objectOf({ value: element, index: INTEGER }),
  } as const
  const scope = createDeferredScope(site.deferred.scope, { roots: new Map([['item', item]]), used: new Set() })
  const inner: BlockSite = { ...site, deferred: { ...site.deferred, scope } }
  const decoded = decodeBody({ kind: 'body', items: [attribute], range: block.body.range }, keyBody, inner, block)
  if (decoded === undefined) return undefined
  return decoded.item_key === undefined ? {} : { item_key: decoded.item_key }
}

function requireOutput(block: Block, output: Block | undefined, site: NodeSite): boolean {
  if (output !== undefined) return true
  site.report.error({
    code: 'config/missing-argument',
    summary: 'The block "output" is missing',
    detail: 'It says what the body gives for one item: output { value = node.NAME.output }.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
  return false
}

function outputType(output: Block, site: BlockSite): Type {
  const expression = findAttribute(output, 'value')?.expression
  return expression === undefined
    ? ANY
    : valueType(evaluate(expression, { ...(site.deferred ?? site.evaluation), report: site.report.muted() }))
}
