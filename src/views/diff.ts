import type { Comparison } from '../operations/diff.ts'
import { diffArtifacts } from '../plan/artifact-diff.ts'
import type { Change } from '../plan/plan.ts'
import { diffTexts } from '../plan/text-diff.ts'
import { CHANGE_SIGNS } from './change-sign.ts'
import type { ChangeContext } from './change-text.ts'
import { formatCount } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import { code, detailsOf, fittingDetails, lengthOf, MARKDOWN_LENGTH_MAX } from './plan-markdown.ts'
import { resourceChange } from './plan-resource.ts'
import { changeLines, conciseLines } from './plan-text.ts'
import type { Style } from './style.ts'
import { tableLines } from './table.ts'

/** Rows of a Markdown table before the rest is counted: 300 take at most half of a comment. */
const MARKDOWN_ROWS_MAX = 300

export interface DiffTextOptions extends Omit<ChangeContext, 'drifted'> {
  /** Only how much differs. */
  readonly stat?: boolean
  readonly concise?: boolean
}

export function diffText(comparison: Comparison, style: Style, options: DiffTextOptions): string {
  const { from, to, changes, same } = comparison
  if (changes.length === 0) return `${from} and ${to} are the same.\n`
  if (options.stat) return `${statLines(changes, style).join('\n')}\n`
  const context = { ...options, drifted: new Set<string>() }
  const lines = options.concise ? conciseLines(changes, style, context) : changeLines(changes, style, context)
  const counts = `${changes.length} ${changes.length === 1 ? 'differs' : 'differ'}, ${same} ${same === 1 ? 'is' : 'are'} the same.`
  return [`${from} ${style.glyphs.arrow} ${to}`, '', ...lines, ...(same === 0 ? [] : ['', counts]), ''].join('\n')
}

function statLines(changes: readonly Change[], style: Style): readonly string[] {
  const columns = [
    { title: 'block' },
    { title: 'lines added', isNumber: true },
    { title: 'removed', isNumber: true },
    { title: 'settings', isNumber: true },
  ] as const
  const rows = changes.map(({ address, before, after }) => {
    const { texts, values } = diffArtifacts(before?.artifact, after?.artifact)
    const diffs = texts.map(text => diffTexts(text.before ?? '', text.after ?? ''))
    const sum = (side: 'added' | 'removed') => diffs.reduce((total, diff) => total + diff[side], 0)
    return [address, String(sum('added')), String(sum('removed')), String(values.length)]
  })
  return tableLines(columns, rows, style)
}

/** For a comment of a pull request: a table, then each diff to be unfolded. */
export function diffMarkdown({ from, to, changes, same }: Comparison): string {
  const title = `### ${code(from)} → ${code(to)}: ${changes.length} ${changes.length === 1 ? 'differs' : 'differ'}, ${same} the same`
  if (changes.length === 0) return `${title}\n`
  const versions = ({ before, after }: Change) => [before?.version ?? 'none', after?.version ?? 'none'].join(' → ')
  const rows = changes
    .slice(0, MARKDOWN_ROWS_MAX)
    .map(change => `| ${CHANGE_SIGNS[change.action]} | ${code(change.address).replaceAll('|', '\\|')} | ${versions(change)} |`)
  const left = changes.length - rows.length
  const more = left === 0 ? [] : ['', `${formatCount(left)} more differ.`]
  const head = [title, '', '| | block | version |', '|---|---|---|', ...rows, ...more, '']
  const command = `flowrun diff ${from}${to === 'working copy' ? '' : ` ${to}`}`
  const details = fittingDetails(changes.flatMap(detailsOf), MARKDOWN_LENGTH_MAX - lengthOf(head), command)
  return `${[...head, ...details].join('\n').trimEnd()}\n`
}

export function diffJson({ from, to, changes, same }: Comparison): string {
  return jsonDocument({ from, to, same, resource_changes: changes.map(resourceChange) })
}
