import { ConversionFailure, convert } from '../conversion.ts'
import { type FunctionDefinition, FunctionError, type Parameter } from '../function.ts'
import { ANY, BOOL, listOf, NUMBER, STRING, type Type } from '../type.ts'
import { count, describeType } from '../type-text.ts'
import { listValue, stringValue, typeOf, type Value } from '../value.ts'
import { exactDecimal, exponentText, fixedText, generalText } from './decimal.ts'
import { checkTextLength, defineFunction, elementsOf, textAt, textParameter, textResult } from './definition.ts'
import { graphemesOf } from './graphemes.ts'
import { jsonText } from './json-text.ts'

/** Widest field and most digits that a verb may ask for. */
const MAX_WIDTH = 1000

const anything: Parameter = { name: 'values', type: ANY, nullable: true }

export const formatFunctions: readonly FunctionDefinition[] = [
  defineFunction('format', {
    summary: 'Text made from a pattern and values: `%s`, `%d`, `%5.2f`, `%v`, `%q` and others, as in Go.',
    parameters: [textParameter('format')],
    variadic: anything,
    returns: STRING,
    call: parameters => textResult(format(textAt(parameters, 0), parameters.slice(1))),
  }),
  defineFunction('formatlist', {
    summary: 'Texts made from a pattern and lists: format() for the first elements, for the second, and so on.',
    parameters: [textParameter('format')],
    variadic: anything,
    returns: listOf(STRING),
    call: parameters => formatEach(textAt(parameters, 0), parameters.slice(1)),
  }),
]

/** One `%…` of a format. */
interface Verb {
  /** As it is written, for messages. */
  readonly raw: string
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly letter: string
}

function formatEach(pattern: string, values: readonly Value[]): Value {
  const lists = values.map(elementsOf)
  const lengths = lists.flatMap(list => (list ? [list.length] : []))
  const [length = 1] = lengths
  const odd = lists.findIndex(list => list !== undefined && list.length !== length)
  if (odd >= 0)
    throw new FunctionError(
      `the lists must have one length, and this one has ${count(lists[odd]?.length ?? 0, 'element')} where the first has ${length}`,
      odd + 1,
    )
  const texts: Value[] = []
  let total = 0
  for (let row = 0; row < length; row++) {
    const text = format(
      pattern,
      values.map((value, index) => lists[index]?.[row] ?? value),
    )
    total += text.length
    checkTextLength(total)
    texts.push(stringValue(text))
  }
  return listValue(STRING, texts)
}

/** flags, width, precision, index of the argument, letter: the grammar of cty's formatter, which is a part of Go's. */
const VERB = /%(?:%|([ +\-0#]*)(\d*)(?:\.(\d*))?(?:\[([1-9]\d*)\])?([A-Za-z]))/y

function format(pattern: string, values: readonly Value[]): string {
  let text = ''
  let at = 0
  let next = 1
  let used = 0
  for (let percent = pattern.indexOf('%'); percent >= 0; percent = pattern.indexOf('%', at)) {
    text += pattern.slice(at, percent)
    VERB.lastIndex = percent
    const match = VERB.exec(pattern)
    if (!match)
      throw new FunctionError(`the format has a % that starts no verb, at character ${percent + 1}; write %% for a percent sign`, 0)
    const [raw, flags = '', width = '', precision, index, letter] = match
    at = percent + raw.length
    if (letter === undefined) {
      text += '%'
      continue
    }
    const number = index === undefined ? next : Number(index)
    const value = values[number - 1]
    if (value === undefined) throw new FunctionError(`${JSON.stringify(raw)} needs value ${number}, and there are ${values.length}`, 0)
    text += formatValue(
      { raw, flags, width: digitsOf(width), precision: precision === undefined ? undefined : digitsOf(precision), letter },
      value,
      number,
    )
    next = number + 1
    used = Math.max(used, number)
    checkTextLength(text.length)
  }
  if (used < values.length)
    throw new FunctionError(`the format uses ${used === 0 ? 'none' : `only ${used}`} of the ${count(values.length, 'value')}`, used + 1)
  return text + pattern.slice(at)
}

function digitsOf(text: string): number {
  const number = Number(text)
  if (number > MAX_WIDTH) throw new FunctionError(`a width or precision of at most ${MAX_WIDTH} is expected, and this is ${text}`, 0)
  return number
}

function formatValue(verb: Verb, value: Value, index: number): string {
  if (value.kind === 'null' && verb.letter !== 'v')
    throw new FunctionError(`null has no form for ${JSON.stringify(verb.raw)}; use coalesce(), or %v`, index)
  const argument = (type: Type) => converted(value, type, verb, index)
  switch (verb.letter) {
    case 'v':
      return padded(verb, verbatim(verb, value))
    case 't':
      return String(textOf(argument(BOOL)))
    case 's':
      return padded(verb, shortened(verb, textOf(argument(STRING))))
    case 'q':
      return padded(verb, jsonText(stringValue(shortened(verb, textOf(argument(STRING))))))
    case 'b':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
      return integerText(verb, Number(textOf(argument(NUMBER))), index)
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return floatText(verb, Number(textOf(argument(NUMBER))))
    default:
      throw new FunctionError(`there is no verb ${JSON.stringify(verb.raw)}; known are %s %q %d %f %e %g %t %v %b %o %x`, 0)
  }
}

function converted(value: Value, type: Type, verb: Verb, index: number): Value {
  try {
    return convert(value, type)
  } catch (failure) {
    if (!(failure instanceof ConversionFailure)) throw failure
    throw new FunctionError(`${JSON.stringify(verb.raw)} takes a ${type.kind}, and this is ${describeType(typeOf(value))}`, index)
  }
}

function textOf(value: Value): string {
  return value.kind === 'string' || value.kind === 'number' || value.kind === 'bool' ? String(value.value) : ''
}

function verbatim(verb: Verb, value: Value): string {
  if (verb.flags.includes('#')) return jsonText(value)
  if (value.kind === 'string') return value.value
  return value.kind === 'number' ? signed(value.value, '', generalText(value.value)) : jsonText(value)
}

/** Zero precision cuts nothing off, as in Terraform. */
function shortened(verb: Verb, text: string): string {
  return verb.precision ? graphemesOf(text).slice(0, verb.precision).join('') : text
}

function padded(verb: Verb, text: string): string {
  const missing = verb.width - graphemesOf(text).length
  if (missing <= 0) return text
  const padding = (verb.flags.includes('0') ? '0' : ' ').repeat(missing)
  return verb.flags.includes('-') ? text + padding : padding + text
}

function signed(number: number, flags: string, text: string): string {
  return (number < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '') + text
}

const BASES: Readonly<Record<string, readonly [base: number, prefix: string]>> = {
  b: [2, '0b'],
  o: [8, '0'],
  d: [10, ''],
  x: [16, '0x'],
  X: [16, '0X'],
}

function integerText(verb: Verb, number: number, index: number): string {
  if (!Number.isInteger(number)) throw new FunctionError(`${JSON.stringify(verb.raw)} takes a whole number, and this is ${number}`, index)
  const [base, prefix] = BASES[verb.letter] ?? [10, '']
  const plain = BigInt(Math.abs(number)).toString(base)
  const digits = (number === 0 && verb.precision === 0 ? '' : plain).padStart(verb.precision ?? 0, '0')
  const start = signed(number, verb.flags, verb.flags.includes('#') ? prefix : '')
  return aligned(verb, start, verb.letter === 'X' ? digits.toUpperCase() : digits, verb.precision === undefined)
}

function floatText(verb: Verb, number: number): string {
  const text =
    verb.letter === 'f'
      ? fixedText(exactDecimal(number), verb.precision ?? 6)
      : verb.letter.toLowerCase() === 'e'
        ? exponentText(exactDecimal(number), verb.precision ?? 6)
        : generalText(number, verb.precision)
  return aligned(verb, signed(number, verb.flags, ''), verb.letter === 'f' ? text : verb.letter < 'a' ? text.toUpperCase() : text, true)
}

function aligned(verb: Verb, start: string, digits: string, zerosAllowed: boolean): string {
  const missing = Math.max(0, verb.width - start.length - digits.length)
  if (verb.flags.includes('-')) return start + digits + ' '.repeat(missing)
  if (verb.flags.includes('0') && zerosAllowed) return start + '0'.repeat(missing) + digits
  return ' '.repeat(missing) + start + digits
}
