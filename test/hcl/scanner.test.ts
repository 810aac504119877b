import t from 'tap'
import { scan } from '../../src/hcl/scanner.ts'
import { Token } from '../../src/hcl/token.ts'

const names = new Map<number, string>(Object.entries(Token).map(([name, kind]) => [kind, name]))

function tokensOf(text: string, mode: 'normal' | 'template' = 'normal'): readonly (readonly [string | undefined, string])[] {
  const { kinds, starts, ends, count } = scan(text, mode)
  return Array.from({ length: count - 1 }, (_, i) => [names.get(kinds[i] ?? 0), text.slice(starts[i], ends[i])])
}

function kindsOf(text: string): readonly (string | undefined)[] {
  return tokensOf(text).map(([kind]) => kind)
}

t.test('signs are read the longest first', t => {
  t.strictSame(
    tokensOf('== = => != ! >= > <= < :: : ... .. && & || | ~ ^').map(([, text]) => text),
    ['==', '=', '=>', '!=', '!', '>=', '>', '<=', '<', '::', ':', '...', '.', '.', '&&', '&', '||', '|', '~', '^'],
  )
  t.end()
})

t.test('a number has points and exponents, and does not end in a point', t => {
  const numbers: readonly (readonly [string, readonly string[]])[] = [
    ['1.5e-3', ['1.5e-3']],
    ['1.2.3', ['1.2.3']],
    ['1...', ['1', '...']],
    ['1.', ['1', '.']],
    ['1e', ['1', 'e']],
    ['0x10', ['0', 'x10']],
    ['1_000', ['1', '_000']],
    ['.5', ['.', '5']],
  ]
  for (const [text, wanted] of numbers) {
    t.strictSame(
      tokensOf(text).map(([, token]) => token),
      wanted,
      text,
    )
  }
  t.end()
})

t.test('braces inside of an interpolation do not end it', t => {
  t.strictSame(kindsOf('"${{ a = "}" }}"'), [
    'openQuote',
    'interpolation',
    'openBrace',
    'identifier',
    'equal',
    'openQuote',
    'quotedText',
    'closeQuote',
    'closeBrace',
    'sequenceEnd',
    'closeQuote',
  ])
  t.end()
})

t.test('a string ends at its line, and so do the strings and interpolations around it', t => {
  t.strictSame(tokensOf('"a\nb'), [
    ['openQuote', '"'],
    ['quotedText', 'a'],
    ['missingQuote', ''],
    ['newline', '\n'],
    ['identifier', 'b'],
  ])
  t.strictSame(kindsOf('"${f("a\nb').slice(-4), ['missingQuote', 'missingQuote', 'newline', 'identifier'])
  t.strictSame(kindsOf('"a\\\n').slice(-2), ['missingQuote', 'newline'])
  t.end()
})

t.test('a heredoc ends at its marker alone on a line, wherever it is indented', t => {
  t.strictSame(tokensOf('<<E\nE.\n E \nx'), [
    ['openHeredoc', '<<E\n'],
    ['plainText', 'E.\n'],
    ['closeHeredoc', ' E '],
    ['newline', '\n'],
    ['identifier', 'x'],
  ])
  t.strictSame(kindsOf('<<E\n${a}E\nE'), ['openHeredoc', 'interpolation', 'identifier', 'sequenceEnd', 'plainText', 'plainText'])
  t.strictSame(kindsOf('<< E\n'), ['less', 'less', 'identifier', 'newline'])
  t.strictSame(kindsOf('<<été-1\nété-1\n'), ['openHeredoc', 'closeHeredoc', 'newline'])
  t.end()
})

t.test('a template file has text and sequences, and escapes of neither', t => {
  t.strictSame(tokensOf('a "b" \\n\n$${c} %%{d} ${e}', 'template'), [
    ['plainText', 'a "b" \\n\n'],
    ['plainText', '$${c} %%{d} '],
    ['interpolation', '${'],
    ['identifier', 'e'],
    ['sequenceEnd', '}'],
  ])
  t.end()
})

t.test('what has no end is one token', t => {
  t.strictSame(tokensOf('a /* b\nc'), [
    ['identifier', 'a'],
    ['invalid', '/* b\nc'],
  ])
  t.end()
})
