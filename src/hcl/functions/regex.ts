import type { RE2JS } from 're2js'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, listOf, objectOf, STRING, type Type, tupleOf } from '../type.ts'
import { listValue, nullValue, objectValue, stringValue, tupleValue, type Value } from '../value.ts'
import { checkSize, checkTextLength, defineFunction, textAt, textParameter, textResult } from './definition.ts'
import { loadRe2 } from './lazy.ts'

/** Longest pattern, in UTF-16 units. */
const MAX_PATTERN_LENGTH = 10_000
/** Largest program of a pattern, in instructions: `(a{1000}){1000}` would have a million. */
const MAX_PROGRAM_SIZE = 20_000
/**
 * A search takes time in proportion to the text. After a match the next one starts where it ended; but a pattern that
 * repeats without limit inside of a choice may read to the end for each match, as `.*b|a` does on a long run of "a".
 * So many characters may such a pattern read, matches times length: 300 million took 50 s on a busy machine, so this takes under 2 s.
 */
const MAX_CHARACTERS_READ = 10_000_000

export const regexFunctions: readonly FunctionDefinition[] = [
  defineFunction('regex', {
    summary: 'What a pattern (RE2) matches first: a string, a tuple of its groups, or an object of its named groups.',
    parameters: [textParameter('pattern'), textParameter('text')],
    returns: matchType,
    call: firstMatch,
  }),
  defineFunction('regexall', {
    summary: 'All matches of a pattern (RE2), each as regex() gives it.',
    parameters: [textParameter('pattern'), textParameter('text')],
    returns: parameters => listOf(matchType(parameters)),
    call: allMatches,
  }),
  defineFunction('replace', {
    summary: 'The text with each occurrence of another replaced; between slashes it is a pattern, and $1 or ${name} insert its groups.',
    parameters: [textParameter('text'), textParameter('search'), textParameter('replacement')],
    returns: STRING,
    call: replace,
  }),
]

/** One match: the groups, the whole first; a group that took no part is null. */
interface Match {
  readonly start: number
  readonly end: number
  readonly groups: readonly (string | null)[]
}

/** What is wrong with a pattern, as a sentence without full stop; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compile(pattern, 0)
    return undefined
  } catch (error) {
    if (error instanceof FunctionError) return error.message.charAt(0).toUpperCase() + error.message.slice(1)
    throw error
  }
}

function compile(pattern: string, argument: number): RE2JS {
  if (pattern.length > MAX_PATTERN_LENGTH) throw new FunctionError(`a pattern may have at most ${MAX_PATTERN_LENGTH} characters`, argument)
  const { RE2JS, RE2JSException, RE2JSSyntaxException } = loadRe2()
  try {
    const compiled = RE2JS.compile(pattern)
    if (compiled.programSize() <= MAX_PROGRAM_SIZE) return compiled
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) {
      throw new FunctionError(`the pattern cannot be read: ${error.getDescription()}${at(error.getPattern())}`, argument)
    }
    if (!(error instanceof RE2JSException)) throw error
    throw new FunctionError(`the pattern cannot be read: ${error.message}`, argument)
  }
  throw new FunctionError('the pattern repeats too much', argument)
}

function at(part: string | null): string {
  return part ? ` at ${JSON.stringify(part)}` : ''
}

/** Matches as Go finds them: an empty one right after another match does not count. */
function* matches(pattern: RE2JS, text: string): Generator<Match> {
  const matcher = pattern.matcher(text)
  const groupCount = pattern.groupCount()
  const mayReadOn = /[*+]|\{\d+,\}/.test(pattern.pattern()) && /\||\)[?*+{]/.test(pattern.pattern())
  let read = 0
  let end = -1
  for (let from = 0; from <= text.length; ) {
    if (mayReadOn) read += text.length - from
    if (read > MAX_CHARACTERS_READ) throw new FunctionError('the pattern matches too often in so long a text')
    if (!matcher.find(from)) return
    const start = matcher.start()
    const isEmpty = matcher.end() === start
    if (!isEmpty || start !== end) {
      end = matcher.end()
      yield { start, end, groups: Array.from({ length: groupCount + 1 }, (_, index) => matcher.group(index)) }
    }
    from = isEmpty ? start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1) : matcher.end()
  }
}

/** Names of the groups in their order; undefined when they have none. */
function groupNames(pattern: RE2JS): readonly string[] | undefined {
  const names = Object.entries(pattern.namedGroups())
  if (names.length === 0) return undefined
  if (names.length < pattern.groupCount())
    throw new FunctionError('a pattern must have names for all of its groups, or for none; (?:…) groups without keeping', 0)
  return names.sort(([, a], [, b]) => a - b).map(([name]) => name)
}

function matchType([pattern]: readonly Value[]): Type {
  if (pattern?.kind !== 'string') return ANY
  const compiled = compile(pattern.value, 0)
  const names = groupNames(compiled)
  if (names) return objectOf(new Map(names.map(name => [name, STRING])))
  const count = compiled.groupCount()
  return count === 0 ? STRING : tupleOf(Array.from({ length: count }, () => STRING))
}

function matchValue({ groups }: Match, names: readonly string[] | undefined): Value {
  const values = groups.map(group => (group === null ? nullValue(STRING) : stringValue(group)))
  const [whole = nullValue(STRING), ...inner] = values
  if (names) return objectValue(new Map(names.map((name, index) => [name, inner[index] ?? nullValue(STRING)])))
  return inner.length === 0 ? whole : tupleValue(inner)
}

function firstMatch(parameters: readonly Value[]): Value {
  const pattern = compile(textAt(parameters, 0), 0)
  const names = groupNames(pattern)
  const match = matches(pattern, textAt(parameters, 1)).next().value
  if (!match) throw new FunctionError('the pattern matches no part of the text; can(regex(…)) asks whether it does', 1)
  return matchValue(match, names)
}

function allMatches(parameters: readonly Value[]): Value {
  const pattern = compile(textAt(parameters, 0), 0)
  const names = groupNames(pattern)
  const found: Value[] = []
  for (const match of matches(pattern, textAt(parameters, 1))) {
    found.push(matchValue(match, names))
    checkSize(found.length)
  }
  return listValue(matchType(parameters), found)
}

function replace(parameters: readonly Value[]): Value {
  const text = textAt(parameters, 0)
  const search = textAt(parameters, 1)
  const replacement = textAt(parameters, 2)
  if (search.length > 2 && search.startsWith('/') && search.endsWith('/')) {
    return replacePattern(text, compile(search.slice(1, -1), 1), replacement)
  }
  // An empty search text is found before each character and at the end.
  if (search === '' || search === '//') return textResult(replacement + [...text].map(character => character + replacement).join(''))
  const parts = text.split(search)
  checkTextLength(text.length + (parts.length - 1) * (replacement.length - search.length))
  return textResult(parts.join(replacement))
}

function replacePattern(text: string, pattern: RE2JS, replacement: string): Value {
  let result = ''
  let copied = 0
  const groups = pattern.namedGroups()
  for (const match of matches(pattern, text)) {
    result += text.slice(copied, match.start) + expand(replacement, match, groups)
    copied = match.end
    checkTextLength(result.length)
  }
  return textResult(result + text.slice(copied))
}

/** `$1`, `${1}`, `$name`, `${name}`, `$$`: a name is as long as it can be, and an unknown one is empty, as in Go. */
function expand(replacement: string, { groups }: Match, names: Readonly<Record<string, number>>): string {
  return replacement.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (_, bare?: string, braced?: string) => {
    const name = bare ?? braced
    if (name === undefined) return '$'
    return groups[/^\d+$/.test(name) ? Number(name) : (names[name] ?? -1)] ?? ''
  })
}
