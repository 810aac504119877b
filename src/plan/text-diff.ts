import { diffArrays } from 'diff/lib/diff/array.js'

/** How one text becomes another, line by line, with nothing left out: `patchText` is the proof. */
export interface TextDiff {
  readonly lines: readonly DiffLine[]
  readonly added: number
  readonly removed: number
}

export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  /** Without its newline. */
  readonly text: string
  /** Counts from 1: in the text before for a removed line, in the text after for others. */
  readonly number: number
  /** Its text ends here, without a newline. */
  readonly noNewline?: true
  /** Changed words of a line that was replaced by a similar one, as UTF-16 offsets. */
  readonly marks?: readonly TextSpan[]
}

export interface TextSpan {
  readonly start: number
  readonly end: number
}

/** Beyond so many differing lines the search for the shortest diff costs its square; then all lines between are replaced. */
const EDITS_MAX = 2000
/** Words are compared in lines of up to so many UTF-16 units. */
const WORD_DIFF_LENGTH_MAX = 4000
/** A pair of lines is a replaced one when so much of it is equal. */
const EQUAL_SHARE_MIN = 0.5

/** Myers' shortest edit script over lines, with the changed words of replaced lines marked. */
export function diffTexts(before: string, after: string): TextDiff {
  const lines = diffArrays(splitLines(before), splitLines(after), { maxEditLength: EDITS_MAX })?.flatMap(change =>
    change.value.map(line => ({ kind: kindOf(change), line })),
  )
  const numbered = numberLines(lines ?? replaceMiddle(splitLines(before), splitLines(after)))
  return {
    lines: markWords(numbered),
    added: numbered.filter(line => line.kind === 'added').length,
    removed: numbered.filter(line => line.kind === 'removed').length,
  }
}

/** The text after, from the diff alone. */
export function patchText(diff: TextDiff): string {
  const kept = diff.lines.filter(line => line.kind !== 'removed')
  return kept.map((line, index) => line.text + (index === kept.length - 1 && line.noNewline ? '' : '\n')).join('')
}

interface RawLine {
  readonly kind: DiffLine['kind']
  /** With its newline, where it has one. */
  readonly line: string
}

/** Lines with their newlines; the last has none where the text ends without. */
export function splitLines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

function kindOf(change: { readonly added: boolean; readonly removed: boolean }): DiffLine['kind'] {
  if (change.added) return 'added'
  return change.removed ? 'removed' : 'same'
}

function replaceMiddle(before: readonly string[], after: readonly string[]): readonly RawLine[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const raw = (kind: DiffLine['kind'], lines: readonly string[]) => lines.map(line => ({ kind, line }))
  return [
    ...raw('same', before.slice(0, start)),
    ...raw('removed', before.slice(start, before.length - end)),
    ...raw('added', after.slice(start, after.length - end)),
    ...raw('same', before.slice(before.length - end)),
  ]
}

function numberLines(lines: readonly RawLine[]): readonly DiffLine[] {
  let before = 0
  let after = 0
  return lines.map(({ kind, line }) => {
    if (kind !== 'added') before++
    if (kind !== 'removed') after++
    const text = line.endsWith('\n') ? line.slice(0, -1) : line
    return { kind, text, number: kind === 'removed' ? before : after, ...(text === line ? { noNewline: true as const } : {}) }
  })
}

function markWords(lines: readonly DiffLine[]): readonly DiffLine[] {
  const marked = [...lines]
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]?.kind !== 'removed') continue
    const removed = runLength(lines, i, 'removed')
    const added = runLength(lines, i + removed, 'added')
    for (let pair = 0; pair < Math.min(removed, added); pair++) markPair(marked, i + pair, i + removed + pair)
    i += removed + added - 1
  }
  return marked
}

function runLength(lines: readonly DiffLine[], start: number, kind: DiffLine['kind']): number {
  let end = start
  while (lines[end]?.kind === kind) end++
  return end - start
}

function markPair(lines: DiffLine[], removedAt: number, addedAt: number): void {
  const removed = lines[removedAt]
  const added = lines[addedAt]
  if (removed === undefined || added === undefined) return
  const marks = changedWords(removed.text, added.text)
  if (marks === undefined) return
  lines[removedAt] = { ...removed, marks: marks.before }
  lines[addedAt] = { ...added, marks: marks.after }
}

/** Where two similar lines differ; undefined when less than half of them is equal. */
function changedWords(
  before: string,
  after: string,
): { readonly before: readonly TextSpan[]; readonly after: readonly TextSpan[] } | undefined {
  if (before.length + after.length > WORD_DIFF_LENGTH_MAX) return undefined
  const changes = diffArrays(splitWords(before), splitWords(after))
  let equal = 0
  const spansBefore: TextSpan[] = []
  const spansAfter: TextSpan[] = []
  let atBefore = 0
  let atAfter = 0
  for (const change of changes) {
    const length = change.value.join('').length
    if (change.removed) appendSpan(spansBefore, atBefore, atBefore + length)
    else if (change.added) appendSpan(spansAfter, atAfter, atAfter + length)
    else equal += length
    if (!change.added) atBefore += length
    if (!change.removed) atAfter += length
  }
  return 2 * equal >= EQUAL_SHARE_MIN * (before.length + after.length) ? { before: spansBefore, after: spansAfter } : undefined
}

function appendSpan(spans: TextSpan[], start: number, end: number): void {
  const last = spans.at(-1)
  if (last !== undefined && last.end === start) spans[spans.length - 1] = { start: last.start, end }
  else spans.push({ start, end })
}

function splitWords(line: string): string[] {
  return line.match(/[\p{L}\p{N}_]+|\s+|[^\s\p{L}\p{N}_]/gu) ?? []
}
