import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import { Token } from './token.ts'

/** What to say about a token that is not of the language; undefined for all others. */
export function badTokenDiagnostic(kind: number, text: string, subject: SourceRange): DiagnosticInput | undefined {
  switch (kind) {
    case Token.bitwise:
      return bitwiseDiagnostic(text, subject)
    case Token.apostrophe:
      return wrongQuote('Strings are written in double quotes', `Replace ' with ".`, subject)
    case Token.backtick:
      return wrongQuote(
        'Strings are written in double quotes',
        'Replace ` with ". A text of several lines is written as <<-EOT … EOT.',
        subject,
      )
    case Token.semicolon:
      return {
        code: 'hcl/invalid-character',
        summary: 'Semicolons are not used',
        detail: 'Arguments are separated by newlines; elements of a list or an object by commas.',
        subject,
      }
    case Token.invalid:
      return invalidCharacter(text, subject)
    default:
      return undefined
  }
}

function bitwiseDiagnostic(text: string, subject: SourceRange): DiagnosticInput {
  const logical = { '&': '&&', '|': '||', '~': '!' }[text]
  return {
    code: 'hcl/unsupported-operator',
    summary: `There is no operator ${text}`,
    detail: text === '^' ? 'A power is written as pow(a, b).' : 'Bitwise operators are not part of the language.',
    subject,
    ...(logical === undefined ? {} : { suggestions: [logical] }),
  }
}

function wrongQuote(summary: string, detail: string, subject: SourceRange): DiagnosticInput {
  return { code: 'hcl/wrong-quote', summary, detail, subject }
}

const CURLY = /^[\u2018\u2019\u201c\u201d\u201e\u201f\u00ab\u00bb]/

function invalidCharacter(text: string, subject: SourceRange): DiagnosticInput {
  if (text.startsWith('/*')) {
    return {
      code: 'hcl/unterminated-comment',
      summary: 'This comment has no end',
      detail: 'Add */ where it should end.',
      subject: { ...subject, end: subject.start + 2 },
    }
  }
  if (CURLY.test(text)) {
    return wrongQuote(
      'A typographic quote is not a quote here',
      `Replace ${text} with ". Word processors and chats often change straight quotes.`,
      subject,
    )
  }
  return {
    code: 'hcl/invalid-character',
    summary: `The character ${displayOf(text)} means nothing here`,
    detail:
      'Outside of strings and comments only letters, digits and the signs of the language may stand. Remove it, or put it into a string.',
    subject,
  }
}

/** Characters that cannot be seen are shown by their number. */
function displayOf(text: string): string {
  const code = text.codePointAt(0) ?? 0
  const visible = !/^[\p{C}\p{Z}]/u.test(text)
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return visible ? `${text} (${number})` : number
}
