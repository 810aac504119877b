import type { DiagnosticCode } from '../diagnostics/codes/index.ts'
import type { Expression } from './ast.ts'
import { type Cursor, failAt, invalidExpression, isKeyword, kindAt, peekIndex, takeIf, textOf } from './parser-cursor.ts'
import { Token } from './token.ts'

interface ForIntroduction {
  readonly keyName: string | undefined
  readonly valueName: string
  readonly collection: Expression
}

/** Parses `k, v in COLLECTION`, after the word `for`. */
export function parseForIntroduction(cursor: Cursor, code: DiagnosticCode): ForIntroduction {
  const first = parseName(cursor, code, 'A name is expected after "for"')
  let keyName: string | undefined
  let valueName = first
  if (takeIf(cursor, Token.comma)) {
    keyName = first
    valueName = parseName(cursor, code, 'A second name is expected after the comma')
  }
  const index = peekIndex(cursor)
  if (!isKeyword(cursor, index, 'in')) {
    failAt(cursor, index, {
      code,
      summary: 'The word "in" is expected here',
      detail: `Write what to go through after the name: for ${valueName} in COLLECTION.`,
    })
    return { keyName, valueName, collection: invalidExpression(cursor, index) }
  }
  cursor.at = index + 1
  return { keyName, valueName, collection: cursor.parseExpression(cursor) }
}

function parseName(cursor: Cursor, code: DiagnosticCode, summary: string): string {
  const index = peekIndex(cursor)
  if (kindAt(cursor, index) === Token.identifier) {
    cursor.at = index + 1
    return textOf(cursor, index)
  }
  failAt(cursor, index, {
    code,
    summary,
    detail: 'One name stands for the element, as in "for v in list"; two for the key and the element, as in "for k, v in map".',
  })
  return ''
}
