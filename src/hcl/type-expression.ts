import type { JsonValue } from '../base/json.ts'
import { suggest } from '../base/suggest.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { CallExpression, Expression } from './ast.ts'
import { ConversionFailure } from './conversion.ts'
import { evaluate } from './evaluate.ts'
import { isInvalid, tryConvert } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { toJson } from './json-value.ts'
import { ANY, BOOL, INTEGER, listOf, mapOf, NUMBER, type ObjectAttribute, STRING, setOf, type Type, tupleOf } from './type.ts'
import { describeType, isIdentifier } from './type-text.ts'
import { isWhollyKnown, type Value } from './value.ts'
import { describeValue, textOf } from './value-text.ts'

const PLAIN: ReadonlyMap<string, Type> = new Map([
  ['string', STRING],
  ['number', NUMBER],
  ['integer', INTEGER],
  ['bool', BOOL],
  ['any', ANY],
])
const CONSTRUCTORS = ['list', 'set', 'map', 'tuple', 'object', 'enum', 'describe']

/** What reading a type needs. */
interface Reader {
  /** For what is evaluated inside of a type: choices of an enum, defaults, descriptions. */
  readonly context: EvaluationContext
  readonly report: Report
  readonly names: ReadonlyMap<string, Type>
}

const NO_NAMES: ReadonlyMap<string, Type> = new Map()

/**
 * A type as it is written in `type = …`. It is read, not evaluated; only the choices of an enum, defaults and
 * descriptions are values.
 *
 * @param names further types of the host by name: `file`, `message`.
 * @returns `any` in the place of what was reported.
 */
export function parseType(
  expression: Expression,
  context: EvaluationContext,
  report: Report,
  names: ReadonlyMap<string, Type> = NO_NAMES,
): Type {
  return readType(expression, { context: { ...context, report }, report, names })
}

/** The type of an attribute, which alone may be written `optional(T)` or `optional(T, default)`. */
export function parseAttributeType(
  expression: Expression,
  context: EvaluationContext,
  report: Report,
  names: ReadonlyMap<string, Type> = NO_NAMES,
): ObjectAttribute {
  return readAttribute(expression, { context: { ...context, report }, report, names })
}

function readType(expression: Expression, reader: Reader): Type {
  switch (expression.kind) {
    case 'traversal':
      return expression.steps.length > 0
        ? wrong(reader, expression.range, notAType(expression))
        : readName(expression.root, expression.range, reader)
    case 'call':
      return readConstructor(expression, reader)
    case 'parentheses':
      return readType(expression.expression, reader)
    case 'invalid':
      return ANY
    default:
      return wrong(reader, expression.range, notAType(expression))
  }
}

type Problem = Omit<DiagnosticInput, 'code' | 'subject'>

function wrong(
  reader: Reader,
  subject: SourceRange,
  problem: Problem,
  code: 'config/bad-type' | 'config/bad-enum' = 'config/bad-type',
): Type {
  reader.report.error({ code, ...problem, subject })
  return ANY
}

function notAType(expression: Expression): Problem {
  const isQuoted = expression.kind === 'template' || (expression.kind === 'literal' && typeof expression.value === 'string')
  return {
    summary: `${textOf(expression.range)} is not a type`,
    detail: isQuoted
      ? 'Types are written without quotes: string, list(string).'
      : 'Write a type such as string, number, list(string), or object({ a = string }).',
  }
}

function readName(name: string, range: SourceRange, reader: Reader): Type {
  const type = PLAIN.get(name) ?? reader.names.get(name)
  if (type) return type
  if (CONSTRUCTORS.includes(name))
    return wrong(reader, range, { summary: `The type ${name} needs to be told what it holds`, detail: `It is written ${USAGE[name]}.` })
  if (name === 'optional') return misplacedOptional(range, reader)
  const near = suggest(name, [...PLAIN.keys(), ...CONSTRUCTORS, ...reader.names.keys()])
  return wrong(reader, range, {
    summary: `There is no type "${name}"`,
    detail: `The types are ${[...PLAIN.keys(), ...reader.names.keys()].join(', ')}, and ${CONSTRUCTORS.map(each => `${each}(…)`).join(', ')}.`,
    ...(near.length === 0 ? {} : { suggestions: near }),
  })
}

const USAGE: Readonly<Record<string, string>> = {
  list: 'list(string), with the type of its elements',
  set: 'set(string), with the type of its elements',
  map: 'map(string), with the type of its values',
  tuple: 'tuple([string, number]), with the type of each element',
  object: 'object({ a = string, b = optional(number) }), with the type of each attribute',
  enum: 'enum(["a", "b"]), with its choices',
  describe: 'describe(string, "what it means"), with a type and a text',
}

function readConstructor(call: CallExpression, reader: Reader): Type {
  const { name } = call
  const [first, second] = call.arguments
  if (PLAIN.has(name) || reader.names.has(name)) {
    return wrong(reader, call.range, { summary: `The type ${name} takes no arguments`, detail: `Write ${name} alone.` })
  }
  if (name === 'optional') return misplacedOptional(call.range, reader)
  if (!CONSTRUCTORS.includes(name)) return readName(name, call.nameRange, reader)
  const wanted = name === 'describe' ? 2 : 1
  if (first === undefined || call.arguments.length !== wanted || call.expandFinal) {
    return wrong(reader, call.range, {
      summary: `The type ${name} needs ${wanted === 1 ? 'one argument' : 'two arguments'}`,
      detail: `It is written ${USAGE[name]}.`,
    })
  }
  switch (name) {
    case 'list':
      return listOf(readType(first, reader))
    case 'set':
      return setOf(readType(first, reader))
    case 'map':
      return mapOf(readType(first, reader))
    case 'tuple':
      return readTuple(first, reader)
    case 'object':
      return readObject(first, reader)
    case 'enum':
      return readEnum(first, reader)
    default:
      return second ? readDescribed(first, second, reader) : ANY
  }
}

function misplacedOptional(range: SourceRange, reader: Reader): Type {
  return wrong(reader, range, {
    summary: 'optional(…) stands only before an attribute of an object',
    detail: 'Write object({ a = optional(string) }). A variable or a field is optional when it has a default.',
  })
}

function readTuple(argument: Expression, reader: Reader): Type {
  if (argument.kind === 'tuple') return tupleOf(argument.items.map(item => readType(item, reader)))
  return wrong(reader, argument.range, { summary: 'The types of a tuple are a list of types', detail: `It is written ${USAGE.tuple}.` })
}

function readObject(argument: Expression, reader: Reader): Type {
  if (argument.kind !== 'object') {
    return wrong(reader, argument.range, {
      summary: 'The attributes of an object type are names with types',
      detail: `It is written ${USAGE.object}.`,
    })
  }
  const attributes = new Map<string, ObjectAttribute>()
  for (const { key, value } of argument.items) {
    const name = key.kind === 'literal' && typeof key.value === 'string' ? key.value : undefined
    if (name === undefined || !isIdentifier(name)) {
      wrong(reader, key.range, {
        summary: 'An attribute of an object type needs a plain name',
        detail: 'Write the name without quotes: object({ name = string }).',
      })
    } else if (attributes.has(name)) {
      wrong(reader, key.range, { summary: `The attribute "${name}" is declared twice`, detail: 'Remove one of the two.' })
    } else attributes.set(name, readAttribute(value, reader))
  }
  return { kind: 'object', attributes }
}

function readAttribute(expression: Expression, reader: Reader): ObjectAttribute {
  if (expression.kind !== 'call' || expression.name !== 'optional') return { type: readType(expression, reader), optional: false }
  const [typeExpression, defaultExpression, further] = expression.arguments
  if (typeExpression === undefined || further !== undefined) {
    wrong(reader, expression.range, {
      summary: 'optional(…) needs a type, and may have a default',
      detail: 'It is written optional(string) or optional(string, "default").',
    })
    return { type: ANY, optional: true }
  }
  const type = readType(typeExpression, reader)
  const value = defaultExpression && readDefault(defaultExpression, type, reader)
  return value === undefined ? { type, optional: true } : { type, optional: true, default: value }
}

function readDefault(expression: Expression, type: Type, reader: Reader): JsonValue | undefined {
  const value = constant(expression, reader, 'A default')
  if (value === undefined || value.kind === 'null') return undefined
  const converted = tryConvert(value, type)
  if (!(converted instanceof ConversionFailure)) return toJson(converted)
  wrong(reader, expression.range, {
    summary: `The default is not ${describeType(type)}`,
    detail: `It does not fit the type: ${converted.message}.`,
  })
  return undefined
}

/** A value that is known at plan time; undefined when something was reported. */
function constant(expression: Expression, reader: Reader, what: string): Value | undefined {
  const value = evaluate(expression, reader.context)
  if (isInvalid(value)) return undefined
  if (isWhollyKnown(value)) return value
  wrong(reader, expression.range, {
    summary: `${what} must be known when you plan`,
    detail: 'It is part of a type, and the type goes into what is published.',
  })
  return undefined
}

function readEnum(expression: Expression, reader: Reader): Type {
  const value = constant(expression, reader, 'The choices of an enum')
  if (value === undefined) return ANY
  const bad = (summary: string, detail: string) => wrong(reader, expression.range, { summary, detail }, 'config/bad-enum')
  if (value.kind !== 'tuple' && value.kind !== 'list' && value.kind !== 'set') {
    return bad('The choices of an enum are a list of strings', `This is ${describeValue(value)}. It is written ${USAGE.enum}.`)
  }
  const values = value.items.flatMap(item => (item.kind === 'string' ? [item.value] : []))
  if (values.length < value.items.length) return bad('The choices of an enum are strings', 'Write each choice in double quotes.')
  if (values.length === 0) return bad('An enum needs at least one choice', `It is written ${USAGE.enum}.`)
  const twice = values.find((choice, index) => values.indexOf(choice) !== index)
  if (twice !== undefined) return bad(`The enum has the choice ${JSON.stringify(twice)} twice`, 'Write each choice once.')
  return { kind: 'enum', values }
}

function readDescribed(typeExpression: Expression, textExpression: Expression, reader: Reader): Type {
  const type = readType(typeExpression, reader)
  const text = constant(textExpression, reader, 'A description')
  if (text === undefined) return type
  if (text.kind === 'string') return { kind: 'described', type, description: text.value }
  wrong(reader, textExpression.range, { summary: 'A description is a string', detail: `It is written ${USAGE.describe}.` })
  return type
}
