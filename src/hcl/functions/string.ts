import { type FunctionDefinition, FunctionError } from '../function.ts'
import { BOOL, listOf, STRING } from '../type.ts'
import { boolValue, listValue, stringValue, type Value } from '../value.ts'
import {
  checkTextLength,
  defineFunction,
  defineTextFunction,
  integerAt,
  numberParameter,
  parameter,
  textAt,
  textParameter,
  textResult,
} from './definition.ts'
import { graphemesOf } from './graphemes.ts'

export const stringFunctions: readonly FunctionDefinition[] = [
  defineTextFunction('chomp', 'The text without line ends at its end.', text =>
    trimEnd(text, character => character === '\n' || character === '\r'),
  ),
  defineTextFunction('lower', 'The text in lower case.', lower),
  defineTextFunction('upper', 'The text in upper case.', upper),
  defineTextFunction('title', 'The text with the first letter of each word in upper case.', title),
  defineTextFunction('strrev', 'The characters of the text in reverse order.', text => graphemesOf(text).toReversed().join('')),
  defineTextFunction('trimspace', 'The text without white space at both ends.', text => trimBoth(text, isSpace)),
  ofTwoTexts('trim', 'The text without any of the given characters at both ends.', 'characters', (text, cut) => {
    const characters = new Set(cut)
    return trimBoth(text, character => characters.has(character))
  }),
  ofTwoTexts('trimprefix', 'The text without a prefix, where it has it.', 'prefix', (text, prefix) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  ofTwoTexts('trimsuffix', 'The text without a suffix, where it has it.', 'suffix', (text, suffix) =>
    text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text,
  ),
  testOfText('startswith', 'Whether the text starts with a prefix.', 'prefix', (text, prefix) => text.startsWith(prefix)),
  testOfText('endswith', 'Whether the text ends with a suffix.', 'suffix', (text, suffix) => text.endsWith(suffix)),
  testOfText('strcontains', 'Whether the text contains another.', 'part', (text, part) => text.includes(part)),
  defineFunction('indent', {
    summary: 'The text with all lines but the first moved in by a number of spaces.',
    parameters: [numberParameter('spaces'), textParameter('text')],
    returns: STRING,
    call: indent,
  }),
  defineFunction('join', {
    summary: 'The elements of lists as one text, with a separator between them.',
    parameters: [textParameter('separator'), parameter('list', listOf(STRING))],
    variadic: parameter('lists', listOf(STRING)),
    returns: STRING,
    call: join,
  }),
  defineFunction('split', {
    summary: 'The parts of a text between separators; an empty separator gives its characters.',
    parameters: [textParameter('separator'), textParameter('text')],
    returns: listOf(STRING),
    call: split,
  }),
  defineFunction('substr', {
    summary: 'A part of the text: from an offset (negative: from the end), of a length in characters (-1: to the end).',
    parameters: [textParameter('text'), numberParameter('offset'), numberParameter('length')],
    returns: STRING,
    call: substring,
  }),
]

function ofTwoTexts(name: string, summary: string, other: string, change: (text: string, other: string) => string): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [textParameter('text'), textParameter(other)],
    returns: STRING,
    call: parameters => stringValue(change(textAt(parameters, 0), textAt(parameters, 1))),
  })
}

function testOfText(name: string, summary: string, other: string, test: (text: string, other: string) => boolean): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [textParameter('text'), textParameter(other)],
    returns: BOOL,
    call: parameters => boolValue(test(textAt(parameters, 0), textAt(parameters, 1))),
  })
}

/**
 * Case by Unicode's simple mapping, character by character, without locale (DET-4): "ß" stays as it is, and a sigma at
 * the end of a word is a sigma.
 */
function mapCase(text: string, change: (character: string) => string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return change(text)
  let result = ''
  for (const character of text) {
    const changed = change(character)
    const [first = ''] = changed
    result += first.length === changed.length ? changed : character
  }
  return result
}

function lower(text: string): string {
  // İ is the one letter whose full lower case has two characters; its simple one is i.
  return mapCase(text.replaceAll('İ', 'i'), character => character.toLowerCase())
}

function upper(text: string): string {
  return mapCase(text, character => character.toUpperCase())
}

function title(text: string): string {
  let result = ''
  let before = ' '
  for (const character of text) {
    result += startsWord(before) ? upper(character) : character
    before = character
  }
  return result
}

function startsWord(before: string): boolean {
  return before <= '\x7f' ? !/[A-Za-z0-9_]/.test(before) : isSpace(before)
}

function isSpace(character: string): boolean {
  return /\p{White_Space}/u.test(character)
}

function trimEnd(text: string, isCut: (character: string) => boolean): string {
  const characters = [...text]
  let end = characters.length
  while (end > 0 && isCut(characters[end - 1] ?? '')) end--
  return characters.slice(0, end).join('')
}

function trimBoth(text: string, isCut: (character: string) => boolean): string {
  let start = 0
  for (const character of text) {
    if (!isCut(character)) break
    start += character.length
  }
  return trimEnd(text.slice(start), isCut)
}

function indent(parameters: readonly Value[]): Value {
  const spaces = integerAt(parameters, 0)
  const lines = textAt(parameters, 1).split('\n')
  if (spaces < 0) throw new FunctionError('the number of spaces must not be negative', 0)
  checkTextLength(spaces * (lines.length - 1))
  return textResult(lines.join(`\n${' '.repeat(spaces)}`))
}

function join(parameters: readonly Value[]): Value {
  const separator = textAt(parameters, 0)
  const texts: string[] = []
  let length = 0
  for (const [index, list] of parameters.slice(1).entries()) {
    for (const [position, item] of (list.kind === 'list' ? list.items : []).entries()) {
      if (item.kind !== 'string') throw new FunctionError(`element ${position} is null, which is no text`, index + 1)
      texts.push(item.value)
      length += item.value.length + separator.length
    }
    checkTextLength(length)
  }
  return textResult(texts.join(separator))
}

function split(parameters: readonly Value[]): Value {
  const separator = textAt(parameters, 0)
  const text = textAt(parameters, 1)
  const parts = separator === '' ? [...text] : text.split(separator)
  return listValue(
    STRING,
    parts.map(part => stringValue(part)),
  )
}

function substring(parameters: readonly Value[]): Value {
  const characters = graphemesOf(textAt(parameters, 0))
  const offset = integerAt(parameters, 1)
  const length = integerAt(parameters, 2)
  const start = offset < 0 ? Math.max(0, characters.length + offset) : offset
  return stringValue(characters.slice(start, length < 0 ? undefined : start + length).join(''))
}
