import type { Style } from './style.ts'
import { displayWidth, padEnd, padStart, truncate } from './text-width.ts'

export interface Column {
  /** In lower case. */
  readonly title: string
  /** Numbers, right aligned; words are left aligned. */
  readonly isNumber?: true
  /** Where the width does not suffice, columns with the highest number go first; without one a column stays. */
  readonly dropOrder?: number
}

const GAP = '  '
/** Cells that the last text column keeps before a column is dropped for it. */
const LAST_COLUMN_MIN = 12

/**
 * Rows in columns as lines: no rules, no borders. A table that is too wide drops columns, then cuts its last text column.
 *
 * @param rows cells without control characters or newlines, one for each column.
 */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): readonly string[] {
  const widths = columns.map((column, index) => Math.max(displayWidth(column.title), ...rows.map(row => displayWidth(row[index] ?? ''))))
  const kept = keptColumns(columns, widths, style.width)
  const last = kept.at(-1)
  const lastWidth = last === undefined ? 0 : style.width - tableWidth(kept.slice(0, -1), widths) - GAP.length
  const line = (cells: readonly string[]) =>
    kept
      .map(index => {
        const cell = cells[index] ?? ''
        const column = columns[index]
        if (column?.isNumber) return padStart(cell, widths[index] ?? 0)
        return index === last
          ? truncate(cell, Math.max(lastWidth, LAST_COLUMN_MIN), style.glyphs.ellipsis)
          : padEnd(cell, widths[index] ?? 0)
      })
      .join(GAP)
      .trimEnd()
  return [style.paint.secondary(line(columns.map(({ title }) => title))), ...rows.map(line)]
}

function keptColumns(columns: readonly Column[], widths: readonly number[], width: number): readonly number[] {
  let kept = columns.map((_, index) => index)
  const order = (index: number) => columns[index]?.dropOrder ?? 0
  for (;;) {
    const last = kept.at(-1)
    const lastWidth = last === undefined || columns[last]?.isNumber ? 0 : Math.max(0, (widths[last] ?? 0) - LAST_COLUMN_MIN)
    if (tableWidth(kept, widths) - lastWidth <= width) return kept
    const [first] = [...kept].sort((a, b) => order(b) - order(a))
    if (first === undefined || order(first) === 0) return kept
    kept = kept.filter(index => index !== first)
  }
}

function tableWidth(kept: readonly number[], widths: readonly number[]): number {
  return kept.reduce((sum, index) => sum + (widths[index] ?? 0), 0) + GAP.length * Math.max(0, kept.length - 1)
}
