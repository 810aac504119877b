import type { FunctionDefinition } from '../function.ts'
import { ANY, BOOL, listOf, mapOf, NUMBER, STRING, setOf, type Type } from '../type.ts'
import { printType } from '../type-text.ts'
import { convertedType } from '../unify.ts'
import { boolValue, NO_MARKS, SENSITIVE, setMarks, stringValue, typeOf, withMarks } from '../value.ts'
import { convertAt, defineFunction, valueAt } from './definition.ts'

const value = { name: 'value', type: ANY, nullable: true, unknown: true, marked: true } as const

export const conversionFunctions: readonly FunctionDefinition[] = [
  toType('tostring', 'The number or bool as a string.', STRING),
  toType('tonumber', 'The string as a number.', NUMBER),
  toType('tobool', 'The string as a bool.', BOOL),
  toType('tolist', 'The elements as a list, in which all have one type.', listOf(ANY)),
  toType('toset', 'The elements as a set: without order, each once.', setOf(ANY)),
  toType('tomap', 'The object as a map, in which all values have one type.', mapOf(ANY)),
  defineFunction('type', {
    summary: 'The type of the value, as configuration writes it.',
    parameters: [value],
    returns: STRING,
    call: parameters => stringValue(printType(typeOf(valueAt(parameters, 0)))),
  }),
  defineFunction('sensitive', {
    summary: 'The value, which is then shown nowhere.',
    parameters: [value],
    returns: ([given]) => (given ? typeOf(given) : ANY),
    call: parameters => withMarks(valueAt(parameters, 0), SENSITIVE),
  }),
  defineFunction('nonsensitive', {
    summary: 'The sensitive value, which may then be shown; a secret stays one.',
    parameters: [value],
    returns: ([given]) => (given ? typeOf(given) : ANY),
    call: parameters => {
      const given = valueAt(parameters, 0)
      return setMarks(given, given.marks & ~SENSITIVE)
    },
  }),
  defineFunction('issensitive', {
    summary: 'Whether the value is sensitive.',
    parameters: [value],
    returns: BOOL,
    call: parameters => boolValue(valueAt(parameters, 0).marks !== NO_MARKS),
  }),
]

function toType(name: string, summary: string, type: Type): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [value],
    returns: ([given]) => (given ? convertedType(typeOf(given), type) : type),
    call: parameters => convertAt(valueAt(parameters, 0), type, 0),
  })
}
