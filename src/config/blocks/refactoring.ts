import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { formatKey, LABEL } from '../address.ts'
import { bool, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, required, single } from '../decode/body.ts'
import type { ArgumentSite, BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'
import type { ParsedConfiguration } from '../parsed.ts'

/** What a configuration says about addresses that it had, or takes over. */
export interface Refactorings {
  readonly moved: readonly Moved[]
  readonly removed: readonly Removed[]
  readonly imports: readonly Import[]
}

/** Names of the `module` blocks, from the root, that lead to the module of a block; empty in the root. */
export type ModulePath = readonly string[]

/** An address without a key stands for all instances; one of a module for all that is in it. */
export interface Moved {
  /** Its addresses start there, and it is about all instances of that module. */
  readonly within: ModulePath
  readonly from: string
  readonly to: string
  readonly range: SourceRange
}

export interface Removed {
  readonly within: ModulePath
  readonly from: string
  /** False: the pointer stays, and only this configuration forgets it (MOVE-3). */
  readonly destroy: boolean
  readonly range: SourceRange
}

export interface Import {
  readonly to: string
  /** The version that is taken over. */
  readonly from: { readonly address: string; readonly version: number }
  /** Consent to take the address from another configuration (DRIFT-9). */
  readonly takeOver: boolean
  readonly reason: string
  readonly range: SourceRange
}

/** An address as it is written, not evaluated: the block need not exist any more. */
const address: ArgumentDecoder<string> = site => {
  const written = addressText(site.attribute.expression)
  if (written !== undefined) return written
  site.report.error({
    code: 'config/bad-address',
    summary: `The argument "${site.attribute.name}" takes the address of a block`,
    detail: 'Write it without quotes: prompt.NAME, prompt.NAME["KEY"] or module.NAME.',
    subject: site.attribute.expression.range,
    where: site.where,
  })
  return undefined
}

/** `prompt.greet["de"]` of a traversal; undefined for anything else. */
function addressText(expression: Expression): string | undefined {
  if (expression.kind !== 'traversal') return undefined
  const steps = expression.steps.map(({ kind, key }) => (kind === 'index' ? formatKey(key) : `.${key}`))
  const names = [expression.root, ...expression.steps.filter(({ kind }) => kind === 'attribute').map(({ key }) => String(key))]
  const isWhole = names.length % 2 === 0 && names.every((name, index) => index % 2 === 0 || LABEL.test(name))
  const outer = names.filter((_, index) => index % 2 === 0).slice(0, -1)
  return isWhole && outer.every(name => name === 'module') ? `${expression.root}${steps.join('')}` : undefined
}

const VERSION_ADDRESS = /^(?<address>[^@\s]+)@(?<version>[1-9][0-9]*)$/

const versionAddress: ArgumentDecoder<Import['from']> = site => {
  const written = text()(site)
  const found = written === undefined ? undefined : VERSION_ADDRESS.exec(written)?.groups
  if (found?.address && found.version) return { address: found.address, version: Number(found.version) }
  if (written !== undefined) reportBadVersion(site, written)
  return undefined
}

function reportBadVersion(site: ArgumentSite, written: string): void {
  site.report.error({
    code: 'config/bad-address',
    summary: `"${written}" is not the address of a version`,
    detail: 'Write an address and a number: id = "prompt.NAME@7". All versions of an address: flowrun versions prompt.NAME.',
    subject: site.attribute.expression.range,
    where: site.where,
  })
}

const movedBody = { arguments: { from: required(address), to: required(address) } } as const satisfies BodySpec
const removedBody = {
  arguments: { from: required(address) },
  blocks: { lifecycle: single({ arguments: { destroy: defaulted(bool, true) } }) },
} as const satisfies BodySpec
const importBody = {
  arguments: { to: required(address), id: required(versionAddress), take_over: defaulted(bool, false), reason: optional(text()) },
} as const satisfies BodySpec

/** The moves of a configuration that is not decoded yet, and of its modules; what is wrong with them is told when it is. */
export function readMoves({ blocks, modules }: Pick<ParsedConfiguration, 'blocks' | 'modules'>, within: ModulePath = []): readonly Moved[] {
  const own = blocks.flatMap(block => {
    if (block.type !== 'moved') return []
    const [from, to] = ['from', 'to'].map(name => {
      const attribute = findAttribute(block, name)
      return attribute && addressText(attribute.expression)
    })
    return from !== undefined && to !== undefined ? [{ within, from, to, range: block.headerRange }] : []
  })
  const called = [...modules].flatMap(([call, module]) => readMoves(module, [...within, call.labels[0]?.text ?? '']))
  return [...own, ...called]
}

/** Of one module, or of the root. */
export function decodeRefactorings(
  blocks: readonly Block[],
  within: ModulePath,
  siteOf: (block: Block) => BlockSite,
  report: Report,
): Refactorings {
  const of = (type: string) => blocks.filter(block => block.type === type)
  const moved = of('moved').flatMap(block => {
    const decoded = decodeBody(block.body, movedBody, siteOf(block), block)
    return decoded ? [{ ...decoded, within, range: block.headerRange }] : []
  })
  const removed = of('removed').flatMap(block => {
    const decoded = decodeBody(block.body, removedBody, siteOf(block), block)
    return decoded ? [{ within, from: decoded.from, destroy: decoded.lifecycle?.destroy ?? true, range: block.headerRange }] : []
  })
  const imports = (within.length > 0 ? [] : of('import')).flatMap((block): readonly Import[] => {
    const site = siteOf(block)
    const decoded = decodeBody(block.body, importBody, site, block)
    if (decoded === undefined || !hasReason(block, decoded, site)) return []
    const { to, id, take_over, reason = '' } = decoded
    return [{ to, from: id, takeOver: take_over, reason, range: block.headerRange }]
  })
  checkMoves(moved, report)
  return { moved, removed, imports }
}

function hasReason(block: Block, decoded: { readonly take_over: boolean; readonly reason: string | undefined }, site: BlockSite): boolean {
  if (!decoded.take_over || decoded.reason) return true
  site.report.error({
    code: 'config/missing-argument',
    summary: 'The argument "reason" is missing',
    detail: 'Taking an address from another configuration is recorded: reason = "the team moved to this repository".',
    subject: block.headerRange,
    where: site.where,
  })
  return false
}

/** One kind only, one way only: `prompt.a` is not moved to `model.b`, nor round in a circle. */
function checkMoves(moved: readonly Moved[], report: Report): void {
  const next = new Map(moved.map(move => [move.from, move]))
  for (const move of moved) {
    if (kindOf(move.from) !== kindOf(move.to)) {
      report.error({
        code: 'config/moved-kind',
        summary: `${move.from} cannot be moved to ${move.to}`,
        detail: 'A block keeps its kind. Remove the one and add the other.',
        subject: move.range,
        where: whereIn('moved', move.within),
      })
    }
    const seen = new Set([move.from])
    let step: Moved | undefined = move
    while (step && !seen.has(step.to)) {
      seen.add(step.to)
      step = next.get(step.to)
    }
    if (step?.to === move.from) {
      report.error({
        code: 'config/cycle',
        summary: `${move.from} is moved to itself, by ${[...seen].join(' → ')} → ${move.from}`,
        detail: 'Remove one of the moved blocks.',
        subject: move.range,
        where: whereIn('moved', move.within),
      })
    }
  }
}

function kindOf(written: string): string {
  return (
    written
      .replace(/\[[^\]]*\]$/, '')
      .split('.')
      .at(-2) ?? ''
  )
}

function whereIn(type: string, within: ModulePath): string {
  return within.length === 0 ? `in ${type}` : `in ${type} of ${within.map(name => `module.${name}`).join('.')}`
}

/** What may not be declared any more, and what must be. */
export function checkRefactorings({ moved, removed }: Refactorings, declared: ReadonlySet<string>, report: Report): void {
  const isOfOneKind = (move: Moved) => kindOf(move.from) === kindOf(move.to)
  const isStillThere = (item: Moved | Removed) => [...declared].some(address => speaksOf(item, address))
  for (const move of moved.filter(move => isOfOneKind(move) && isStillThere(move) && !covers(move.from, move.to))) {
    report.error({
      code: 'config/moved-still-there',
      summary: `${move.from} was moved to ${move.to}, and is still declared`,
      detail: 'Remove the old block, or the moved block.',
      subject: move.range,
      where: whereIn('moved', move.within),
    })
  }
  for (const item of removed.filter(isStillThere)) {
    report.error({
      code: 'config/removed-still-there',
      summary: `${item.from} was removed, and is still declared`,
      detail: 'Remove the block, or the removed block.',
      subject: item.range,
      where: whereIn('removed', item.within),
    })
  }
}

/** Whether an address as it is written stands for this one: itself, an instance of it, or a block of the module that it names. */
export function covers(written: string, item: string): boolean {
  return item === written || item.startsWith(`${written}[`) || (isModule(written) && item.startsWith(`${written}.`))
}

function isModule(written: string): boolean {
  return kindOf(written) === 'module'
}

/** Whether a `moved` or `removed` block is about an address. */
export function speaksOf({ within, from }: Pick<Moved, 'within' | 'from'>, item: string): boolean {
  const start = moduleLength(item, within)
  return start !== undefined && covers(from, item.slice(start))
}

/** The addresses of a move in full, in the instance of its module that an address is of. */
export function movedWithin(move: Moved, item: string): Moved {
  const path = item.slice(0, moduleLength(item, move.within))
  return { ...move, from: path + move.from, to: path + move.to }
}

const KEY = /^\[(?:\d+|"(?:[^"\\]|\\.)*")\]/

/** How much of an address says the instance of a module, with the dot behind it; undefined when it is of another module. */
function moduleLength(item: string, within: ModulePath): number | undefined {
  let length = 0
  for (const name of within) {
    const step = `module.${name}`
    if (!item.startsWith(step, length)) return undefined
    length += step.length
    length += KEY.exec(item.slice(length))?.[0].length ?? 0
    if (item[length] !== '.') return undefined
    length += 1
  }
  return length
}

/** Where an address is now: through all `moved` blocks, one after the other. */
export function movedAddress(item: string, moved: readonly Moved[]): string {
  let now = item
  // As many steps as there are blocks: a circle was reported, and must not hang.
  for (const _ of moved) {
    const here = now
    const isAbout = (move: Moved) => speaksOf(move, here) && !covers(move.to, here.slice(moduleLength(here, move.within)))
    const move = moved.find(isAbout)
    if (move === undefined) break
    const { from, to } = movedWithin(move, here)
    now = to + now.slice(from.length)
  }
  return now
}
