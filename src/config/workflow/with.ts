import type { Deferred } from '../../artifact/deferred.ts'
import type { With } from '../../artifact/workflow.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Attribute, Block, Expression, ObjectItem } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { isInvalid } from '../../hcl/evaluation.ts'
import { ANY, type ObjectType, type Type } from '../../hcl/type.ts'
import { printType } from '../../hcl/type-text.ts'
import { typeOf, type Value } from '../../hcl/value.ts'
import { textOf } from '../../hcl/value-text.ts'
import { near } from '../decode/body.ts'
import { conversionSentence } from '../decode/conversion.ts'
import { deferredJson, deferredOf, escapeKey } from '../decode/deferred.ts'
import type { BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'
import type { NodeSite } from './definition.ts'
import { attemptFit } from './fit.ts'
import { declaredAt, type FlowInterface } from './flow-interface.ts'

/**
 * The argument `with` of a node, matched with what is called: each field is there, known and of its type.
 *
 * @returns undefined after an error was reported.
 */
export function decodeWith(block: Block, called: FlowInterface, site: NodeSite): With | undefined {
  const attribute = findAttribute(block, 'with')
  const before = site.report.errorCount
  const items = attribute === undefined ? [] : itemsOf(attribute, site)
  if (items === undefined) {
    if (attribute) refuseShape(attribute, site)
    return undefined
  }
  const decoded = attribute === undefined ? {} : decodeItems(attribute, items, called, site)
  if (called.input !== 'any' && called.input) {
    checkMissing(called.input, new Set(items.map(({ name }) => name)), called, attribute?.expression.range ?? block.headerRange, site)
  }
  return site.report.errorCount > before ? undefined : decoded
}

interface Field {
  readonly name: string
  readonly key: SourceRange
  readonly value: Expression
}

/** One key for each field: what is given must be seen, so the object itself is written out. */
function itemsOf({ expression }: Attribute, site: NodeSite): readonly Field[] | undefined {
  if (expression.kind === 'parentheses') return undefined
  if (expression.kind !== 'object') return undefined
  const fields = expression.items.map(item => fieldOf(item, site))
  return fields.includes(undefined) ? undefined : fields.filter(field => field !== undefined)
}

function fieldOf({ key, value }: ObjectItem, site: NodeSite): Field | undefined {
  const name = evaluate(key, site.evaluation)
  return name.kind === 'string' ? { name: name.value, key: key.range, value } : undefined
}

function refuseShape({ expression }: Attribute, site: BlockSite): void {
  site.report.error({
    code: 'config/wrong-type',
    summary: 'The argument "with" has the wrong type',
    detail: 'Write one key for each field of the input: with = { NAME = VALUE }.',
    subject: expression.range,
    where: site.where,
    address: site.address,
  })
}

function decodeItems(attribute: Attribute, items: readonly Field[], called: FlowInterface, site: NodeSite): With {
  const entries: [string, Deferred][] = []
  for (const { name, key, value } of items) {
    const type = typeOfField(name, key, called, site)
    if (type === undefined || !fits(name, value, type, called, site)) continue
    const own = { ...site, attribute: { ...attribute, expression: value } }
    const decoded = type.kind === 'any' ? deferredJson(own) : deferredOf(type)(own)
    // What is null is not given.
    if (decoded !== undefined) entries.push([escapeKey(name), decoded])
  }
  return Object.fromEntries(entries)
}

function typeOfField(name: string, key: SourceRange, { input, ...called }: FlowInterface, site: BlockSite): Type | undefined {
  if (input === 'any') return ANY
  const type = input?.attributes.get(name)?.type
  if (type !== undefined) return type
  const declared = declaredAt({ input, ...called })
  const known = [...(input?.attributes.keys() ?? [])]
  site.report.error({
    code: 'workflow/unexpected-input',
    summary: `${called.address} takes no "${name}"`,
    detail:
      known.length === 0
        ? 'It takes no input at all.'
        : known.length === 1
          ? `Its only field is ${known[0]}.`
          : `Its fields are ${enumerate(known, 'and')}.`,
    subject: key,
    where: site.where,
    address: site.address,
    ...(declared ? { related: [{ range: declared, message: 'its input is declared here' }] } : {}),
    ...near(name, known),
  })
  return undefined
}

function fits(name: string, expression: Expression, type: Type, called: FlowInterface, site: NodeSite): boolean {
  const value = evaluate(expression, { ...site.deferred, report: site.report.muted() })
  if (isInvalid(value)) {
    evaluate(expression, site.deferred)
    return false
  }
  const converted = attemptFit(value, type)
  if (converted.ok) return true
  const declared = declaredAt(called, name)
  const [given, wanted] = [printType(typeOf(value)), printType(type)]
  site.report.error({
    code: 'workflow/type-mismatch',
    summary:
      given.length + wanted.length <= 60
        ? `${called.address} gets ${given} for "${name}", not ${wanted}`
        : `${called.address} gets the wrong type for "${name}"`,
    detail: conversionSentence(converted.failure),
    subject: expression.range,
    where: site.where,
    address: site.address,
    notes: noteOn(expression, value),
    ...(declared ? { related: [{ range: declared, message: `${called.address} declares it` }] } : {}),
  })
  return false
}

function noteOn(expression: Expression, value: Value): readonly string[] {
  return ['traversal', 'splat', 'index', 'relative-traversal'].includes(expression.kind)
    ? [`${textOf(expression.range)} is ${printType(typeOf(value))}`]
    : []
}

function checkMissing(input: ObjectType, names: ReadonlySet<string>, called: FlowInterface, subject: SourceRange, site: BlockSite): void {
  const missing = [...input.attributes].flatMap(([name, attribute]) => (attribute.optional || names.has(name) ? [] : [name]))
  const [first] = missing
  if (first === undefined) return
  const declared = declaredAt(called, first)
  const shown = missing.map(name => `"${name}"`)
  site.report.error({
    code: 'workflow/missing-input',
    summary: `${called.address} needs ${enumerate(shown, 'and')}`,
    detail: `Give ${missing.length === 1 ? 'it' : 'them'}: with = { ${missing.map(name => `${name} = …`).join(', ')} }.`,
    subject,
    where: site.where,
    address: site.address,
    ...(declared
      ? { related: [{ range: declared, message: `${called.address} declares ${missing.length === 1 ? 'it' : `"${first}"`}` }] }
      : {}),
  })
}
