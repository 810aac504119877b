import { lineIndexAt, lineStarts, lineText } from '../diagnostics/source.ts'
import { type Cursor, complain, rangeAt, rangeBetween, startOf } from './parser-cursor.ts'

/** The file ends inside of a block. Where it should have ended is guessed by its indentation. */
export function reportUnclosedBlock(cursor: Cursor, openIndex: number): void {
  const end = cursor.text.trimEnd().length
  complain(cursor, {
    code: 'hcl/unclosed-block',
    summary: 'This block is not closed',
    detail: `Add } where the block should end. By its indentation, that is after line ${lastLineOf(cursor, startOf(cursor, openIndex)) + 1}.`,
    subject: rangeAt(cursor, openIndex),
    related: [{ range: rangeBetween(cursor, end, end), message: 'the file ends here' }],
  })
}

/** Index of the last line that is indented more than the line of the brace, before the first that is not. */
function lastLineOf(cursor: Cursor, braceStart: number): number {
  const { source } = cursor
  const first = lineIndexAt(source, braceStart)
  const limit = indentationOf(lineText(source, first))
  let last = first
  for (let i = first + 1; i < lineStarts(source).length; i++) {
    const text = lineText(source, i)
    if (text.trim() === '') continue
    if (indentationOf(text) <= limit) break
    last = i
  }
  return last
}

function indentationOf(line: string): number {
  return line.length - line.trimStart().length
}
