import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { formatKey, LABEL } from '../address.ts'
import { bool, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, required, single } from '../decode/body.ts'
import type { ArgumentSite, BlockSite } from '../decode/site.ts'
import { findAttribute } from '../instances.ts'

/** What a configuration says about addresses that it had, or takes over. */
export interface Refactorings {
  readonly moved: readonly Moved[]
  readonly removed: readonly Removed[]
  readonly imports: readonly Import[]
}

/** An address without a key stands for all instances; one of a module for all that is in it. */
export interface Moved {
  readonly from: string
  readonly to: string
  readonly range: SourceRange
}

export interface Removed {
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

/** The moves of a configuration that is not decoded yet; what is wrong with them is told when it is. */
export function readMoves(blocks: readonly Block[]): readonly Moved[] {
  return blocks.flatMap(block => {
    if (block.type !== 'moved') return []
    const [from, to] = ['from', 'to'].map(name => {
      const attribute = findAttribute(block, name)
      return attribute && addressText(attribute.expression)
    })
    return from !== undefined && to !== undefined ? [{ from, to, range: block.headerRange }] : []
  })
}

export function decodeRefactorings(blocks: readonly Block[], siteOf: (block: Block) => BlockSite, report: Report): Refactorings {
  const of = (type: string) => blocks.filter(block => block.type === type)
  const moved = of('moved').flatMap(block => {
    const decoded = decodeBody(block.body, movedBody, siteOf(block), block)
    return decoded ? [{ ...decoded, range: block.headerRange }] : []
  })
  const removed = of('removed').flatMap(block => {
    const decoded = decodeBody(block.body, removedBody, siteOf(block), block)
    return decoded ? [{ from: decoded.from, destroy: decoded.lifecycle?.destroy ?? true, range: block.headerRange }] : []
  })
  const imports = of('import').flatMap((block): readonly Import[] => {
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
        where: 'in moved',
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
        where: 'in moved',
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

/** What may not be declared any more, and what must be. */
export function checkRefactorings({ moved, removed }: Refactorings, declared: ReadonlySet<string>, report: Report): void {
  const isOfOneKind = (move: Moved) => kindOf(move.from) === kindOf(move.to)
  const stillThere = (from: string) => [...declared].some(item => covers(from, item))
  for (const { from, to, range } of moved.filter(move => isOfOneKind(move) && stillThere(move.from) && !covers(move.from, move.to))) {
    report.error({
      code: 'config/moved-still-there',
      summary: `${from} was moved to ${to}, and is still declared`,
      detail: 'Remove the old block, or the moved block.',
      subject: range,
      where: 'in moved',
    })
  }
  for (const { from, range } of removed.filter(item => stillThere(item.from))) {
    report.error({
      code: 'config/removed-still-there',
      summary: `${from} was removed, and is still declared`,
      detail: 'Remove the block, or the removed block.',
      subject: range,
      where: 'in removed',
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

/** Where an address is now: through all `moved` blocks, one after the other. */
export function movedAddress(item: string, moved: readonly Moved[]): string {
  let now = item
  // As many steps as there are blocks: a circle was reported, and must not hang.
  for (const _ of moved) {
    const here = now
    const move = moved.find(({ from, to }) => covers(from, here) && !covers(to, here))
    if (move === undefined) break
    now = move.to + now.slice(move.from.length)
  }
  return now
}
