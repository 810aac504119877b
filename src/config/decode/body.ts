import { type Compact, compact } from '../../base/compact.ts'
import { enumerate } from '../../base/enumerate.ts'
import { suggest } from '../../base/suggest.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Attribute, Block, BlockLabel, Body } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import type { ArgumentSite, BlockSite } from './site.ts'

/** Reads one argument's expression; undefined: it was null (unset), or an error was reported. */
export type ArgumentDecoder<T> = (site: ArgumentSite) => T | undefined

export interface ArgumentSpec<T, Given extends boolean> {
  readonly decode: ArgumentDecoder<T>
  readonly required: boolean
  readonly fallback?: T
  /** Only for the type: the argument always has a value after decoding. */
  readonly given?: Given
}

/** What may stand in a body: arguments by name, blocks by type. Data, so that docs and suggestions read it too. */
export interface BodySpec {
  readonly arguments: Readonly<Record<string, ArgumentSpec<unknown, boolean>>>
  readonly blocks?: Readonly<Record<string, BlockSpec<unknown, boolean>>>
}

export interface BlockSpec<T, Many extends boolean> {
  readonly labels: readonly string[]
  readonly many: Many
  readonly decode: (block: Block, site: BlockSite) => T | undefined
}

/** The decoded form of a body: required and defaulted arguments are there, the others may be. */
export type Decoded<Spec extends BodySpec> = {
  readonly [Name in keyof Spec['arguments']]: ArgumentValue<Spec['arguments'][Name]>
} & (Spec['blocks'] extends Readonly<Record<string, BlockSpec<unknown, boolean>>>
  ? { readonly [Name in keyof Spec['blocks']]: BlockValue<Spec['blocks'][Name]> }
  : unknown)

type ArgumentValue<Spec> = Spec extends ArgumentSpec<infer T, infer Given> ? (Given extends true ? T : T | undefined) : never
type BlockValue<Spec> = Spec extends BlockSpec<infer T, infer Many> ? (Many extends true ? readonly T[] : T | undefined) : never

export function required<T>(decode: ArgumentDecoder<T>): ArgumentSpec<T, true> {
  return { decode, required: true }
}

export function optional<T>(decode: ArgumentDecoder<T>): ArgumentSpec<T, false> {
  return { decode, required: false }
}

export function defaulted<T>(decode: ArgumentDecoder<T>, fallback: NoInfer<T>): ArgumentSpec<T, true> {
  return { decode, required: false, fallback }
}

/** A block that may stand once. */
export function single<Spec extends BodySpec>(spec: Spec, labels: readonly string[] = []): BlockSpec<Decoded<Spec>, false> {
  return { labels, many: false, decode: (block, site) => decodeBody(block.body, spec, site, block) }
}

/** A block that may stand many times; order is kept. */
export function repeated<Spec extends BodySpec>(spec: Spec, labels: readonly string[] = []): BlockSpec<Labelled<Decoded<Spec>>, true> {
  return {
    labels,
    many: true,
    decode(block, site) {
      const content = decodeBody(block.body, spec, site, block)
      return content && { labels: block.labels.map(label => label.text), block, content }
    },
  }
}

/** A block that may stand once, whose label says which arguments it takes: `state "http" { … }`. */
export function variant<Specs extends Readonly<Record<string, BodySpec>>>(specs: Specs): BlockSpec<Variant<Specs>, false> {
  return { labels: ['type'], many: false, decode: (block, site) => decodeVariant(block, specs, site) }
}

/** A block that may stand many times, each with a kind of its own; order is kept. */
export function variants<Specs extends Readonly<Record<string, BodySpec>>>(specs: Specs): BlockSpec<Variant<Specs>, true> {
  return { labels: ['type'], many: true, decode: (block, site) => decodeVariant(block, specs, site) }
}

/** The decoded body with its label as `type`. */
export type Variant<Specs extends Readonly<Record<string, BodySpec>>> = {
  readonly [Type in keyof Specs & string]: { readonly type: Type } & Compact<Decoded<Specs[Type]>>
}[keyof Specs & string]

function decodeVariant<Specs extends Readonly<Record<string, BodySpec>>>(block: Block, specs: Specs, site: BlockSite) {
  const [label] = block.labels
  const type = label?.text ?? ''
  const spec = specs[type]
  if (spec === undefined) {
    const types = Object.keys(specs)
    site.report.error({
      code: 'config/not-one-of',
      summary: `"${type}" is not a kind of ${block.type}`,
      detail: `It may be ${enumerate(types, 'or')}.`,
      subject: label?.range ?? block.headerRange,
      where: site.where,
      ...near(type, types),
    })
    return undefined
  }
  const content = decodeBody(block.body, spec, site, block)
  // The specs are indexed by a text, so the compiler cannot see that type and body belong together.
  return content && ({ type, ...compact(content) } as Variant<Specs>)
}

export interface Labelled<T> {
  readonly labels: readonly string[]
  readonly block: Block
  readonly content: T
}

/**
 * Decodes a body by its spec and reports all that is wrong with it: unknown names (with near ones), missing and
 * repeated things, and what each decoder finds.
 *
 * @returns undefined when something required is missing or wrong.
 */
export function decodeBody<Spec extends BodySpec>(body: Body, spec: Spec, site: BlockSite, block?: Block): Decoded<Spec> | undefined {
  const result: Record<string, unknown> = {}
  const errorsBefore = site.report.errorCount
  let failed = false
  const attributes = new Map<string, Attribute>()
  /** What a misspelt name was probably meant to be: it is not missing as well. */
  const meant = new Set<string>()
  for (const item of body.items) {
    if (item.kind === 'attribute') {
      if (spec.arguments[item.name] === undefined) for (const name of reportUnsupportedArgument(item, spec, site)) meant.add(name)
      else attributes.set(item.name, item)
    } else {
      decodeNestedBlock(item, spec, site, result)
    }
  }
  for (const name in spec.arguments) {
    const argument = spec.arguments[name]
    if (argument === undefined) continue
    const attribute = attributes.get(name)
    const value = attribute && argument.decode({ ...site, attribute })
    if (value === undefined && argument.required && !meant.has(name) && !(attribute && site.report.errorCount > errorsBefore)) {
      if (isUnset(attribute, site)) reportMissingArgument(name, attribute, block?.headerRange ?? body.range, site)
      else failed = true
    }
    result[name] = value === undefined ? argument.fallback : value
  }
  for (const [name, nested] of Object.entries(spec.blocks ?? {})) if (nested.many) result[name] ??= []
  return failed || site.report.errorCount > errorsBefore ? undefined : (result as Decoded<Spec>)
}

/** Not written, or null. Else it has no value because of an error that was told before. */
export function isUnset(attribute: Attribute | undefined, site: BlockSite): boolean {
  return attribute === undefined || evaluate(attribute.expression, { ...site.evaluation, report: site.report.muted() }).kind === 'null'
}

function decodeNestedBlock(block: Block, spec: BodySpec, site: BlockSite, result: Record<string, unknown>): void {
  const nested = spec.blocks?.[block.type]
  if (nested === undefined) {
    reportUnsupportedBlock(block, spec, site)
    return
  }
  if (!checkLabels(block, nested.labels, site)) return
  const value = nested.decode(block, site)
  if (nested.many) {
    const list = (result[block.type] ?? []) as readonly unknown[]
    result[block.type] = value === undefined ? list : [...list, value]
  } else if (block.type in result) {
    site.report.error({
      code: 'config/too-many-blocks',
      summary: `There is more than one "${block.type}" block`,
      detail: `At most one "${block.type}" block may stand here. Merge them.`,
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
  } else {
    result[block.type] = value
  }
}

/** Whether the block has the labels that its kind takes; each must be a name or, for kinds, a word. */
export function checkLabels(block: Block, labels: readonly string[], site: Pick<BlockSite, 'report' | 'where'>): boolean {
  if (block.labels.length === labels.length) return true
  const wanted = labels.length === 0 ? 'no label' : labels.map(label => `a ${label}`).join(' and ')
  const shape = [block.type, ...labels.map(label => `"${label.toUpperCase()}"`), '{ … }'].join(' ')
  site.report.error({
    code: 'config/wrong-labels',
    summary: `A "${block.type}" block takes ${wanted}, not ${countLabels(block.labels)}`,
    detail: `Write ${shape}.`,
    subject: block.headerRange,
    where: site.where,
  })
  return false
}

function countLabels(labels: readonly BlockLabel[]): string {
  return labels.length === 0 ? 'none' : labels.length === 1 ? 'one' : String(labels.length)
}

/** @returns the names that were suggested. */
function reportUnsupportedArgument(attribute: Attribute, spec: BodySpec, site: BlockSite): readonly string[] {
  const isBlock = spec.blocks?.[attribute.name] !== undefined
  const nearest = isBlock ? {} : near(attribute.name, Object.keys(spec.arguments))
  site.report.error({
    code: 'config/unsupported-argument',
    summary: `There is no argument "${attribute.name}" here`,
    detail: isBlock
      ? `"${attribute.name}" is a block: write ${attribute.name} { … }, without "=".`
      : names('The arguments are', Object.keys(spec.arguments)),
    subject: attribute.nameRange,
    where: site.where,
    address: site.address,
    ...nearest,
  })
  return nearest.suggestions ?? []
}

function reportUnsupportedBlock(block: Block, spec: BodySpec, site: BlockSite): void {
  const isArgument = spec.arguments[block.type] !== undefined
  const blocks = Object.keys(spec.blocks ?? {})
  site.report.error({
    code: 'config/unsupported-block',
    summary: `There is no block "${block.type}" here`,
    detail: isArgument
      ? `"${block.type}" is an argument: write ${block.type} = ….`
      : blocks.length === 0
        ? 'No block may stand here.'
        : names('The blocks are', blocks),
    subject: block.typeRange,
    where: site.where,
    address: site.address,
    ...(isArgument ? {} : near(block.type, blocks)),
  })
}

function reportMissingArgument(name: string, attribute: Attribute | undefined, header: SourceRange, site: BlockSite): void {
  site.report.error({
    code: 'config/missing-argument',
    summary: attribute ? `The argument "${name}" is null, and must have a value` : `The argument "${name}" is missing`,
    detail: `Add it: ${name} = ….`,
    subject: attribute?.expression.range ?? header,
    where: site.where,
    address: site.address,
  })
}

/** Near names as a diagnostic carries them, written with the prefix that makes them whole. */
export function near(wanted: string, candidates: Iterable<string>, prefix = ''): { suggestions?: readonly string[] } {
  const suggestions = suggest(wanted, candidates)
  return suggestions.length > 0 ? { suggestions: suggestions.map(name => prefix + name) } : {}
}

/** `The models are a, b and c.`; nothing for an empty list. */
export function names(lead: string, list: readonly string[]): string {
  return list.length === 0 ? '' : `${lead} ${enumerate([...list].sort(), 'and')}.`
}
