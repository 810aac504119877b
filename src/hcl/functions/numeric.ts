import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, listOf, NUMBER } from '../type.ts'
import { describeType } from '../type-text.ts'
import { listValue, numberValue, typeOf, type Value } from '../value.ts'
import { defineFunction, integerAt, numberAt, numberParameter, parameter, textAt, valueAt } from './definition.ts'

/** Terraform's limit for range(). */
const MAX_RANGE = 1024
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

export const numericFunctions: readonly FunctionDefinition[] = [
  ofOneNumber('abs', 'The number without its sign.', Math.abs),
  ofOneNumber('ceil', 'The nearest whole number that is not smaller.', Math.ceil),
  ofOneNumber('floor', 'The nearest whole number that is not larger.', Math.floor),
  defineFunction('signum', {
    summary: '-1, 0 or 1: the sign of a whole number.',
    parameters: [numberParameter('number')],
    returns: NUMBER,
    call: parameters => numberValue(Math.sign(integerAt(parameters, 0))),
  }),
  defineFunction('log', {
    summary: 'The logarithm of a number in a base.',
    parameters: [numberParameter('number'), numberParameter('base')],
    returns: NUMBER,
    call: parameters => numberValue(logarithm(numberAt(parameters, 0), numberAt(parameters, 1))),
  }),
  defineFunction('pow', {
    summary: 'A number raised to a power.',
    parameters: [numberParameter('number'), numberParameter('power')],
    returns: NUMBER,
    call: parameters => finite(power(numberAt(parameters, 0), numberAt(parameters, 1))),
  }),
  ofManyNumbers('max', 'The largest of the numbers.', (a, b) => Math.max(a, b)),
  ofManyNumbers('min', 'The smallest of the numbers.', (a, b) => Math.min(a, b)),
  defineFunction('sum', {
    summary: 'The sum of the numbers of a list or set.',
    parameters: [parameter('list', listOf(NUMBER))],
    returns: NUMBER,
    call: parameters => sum(valueAt(parameters, 0)),
  }),
  defineFunction('parseint', {
    summary: 'Reads a whole number that is written in a base from 2 to 62.',
    parameters: [parameter('text', ANY), numberParameter('base')],
    returns: NUMBER,
    call: parseInteger,
  }),
  defineFunction('range', {
    summary: 'The numbers from a start (0) up to, and without, a limit, in steps (1).',
    parameters: [numberParameter('start_or_limit')],
    variadic: numberParameter('limit_and_step'),
    returns: listOf(NUMBER),
    call: parameters => rangeOf(parameters),
  }),
]

function ofOneNumber(name: string, summary: string, change: (number: number) => number): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [numberParameter('number')],
    returns: NUMBER,
    call: parameters => numberValue(change(numberAt(parameters, 0))),
  })
}

function ofManyNumbers(name: string, summary: string, choose: (a: number, b: number) => number): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [numberParameter('number')],
    variadic: numberParameter('numbers'),
    returns: NUMBER,
    call: parameters => numberValue(parameters.map((_, index) => numberAt(parameters, index)).reduce(choose)),
  })
}

/** Doubles end at about 1.8e308; there is no infinity in the language (NUM-2). */
function finite(number: number): Value {
  if (!Number.isFinite(number)) throw new FunctionError('the result is larger than the largest number, about 1.8e308')
  return numberValue(number)
}

/** Math.log and Math.pow differ in the last digits between versions of V8: 15 digits are the same everywhere (NUM-7). */
function steady(number: number): number {
  return Number(number.toPrecision(15))
}

function logarithm(number: number, base: number): number {
  if (number <= 0) throw new FunctionError('only a number above 0 has a logarithm', 0)
  if (base <= 0 || base === 1) throw new FunctionError('the base must be above 0, and not 1', 1)
  return steady(Math.log(number) / Math.log(base))
}

/** Whole exponents by repeated squaring, so that no digit depends on the platform (NUM-7). */
function power(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw new FunctionError('0 has no negative power', 1)
  if (base < 0 && !Number.isInteger(exponent)) throw new FunctionError('a negative number has powers of whole numbers only', 1)
  if (!Number.isInteger(exponent)) return steady(base ** exponent)
  let result = 1
  let square = base
  for (let rest = Math.abs(exponent); rest >= 1; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square
    square *= square
  }
  return exponent < 0 ? 1 / result : result
}

function sum(list: Value): Value {
  const items = list.kind === 'list' ? list.items : []
  if (items.length === 0) throw new FunctionError('an empty list has no sum', 0)
  let total = 0
  for (const [index, item] of items.entries()) {
    if (item.kind !== 'number') throw new FunctionError(`element ${index} is null, and only numbers have a sum`, 0)
    total += item.value
  }
  return finite(total)
}

function parseInteger(parameters: readonly Value[]): Value {
  const given = valueAt(parameters, 0)
  if (given.kind !== 'string') throw new FunctionError(`a string is required, and this is ${describeType(typeOf(given))}`, 0)
  const text = textAt(parameters, 0)
  const base = integerAt(parameters, 1)
  if (base < 2 || base > 62) throw new FunctionError(`the base must be from 2 to 62, and this is ${base}`, 1)
  const refusal = new FunctionError(`cannot read ${JSON.stringify(text)} as a whole number in base ${base}`, 0)
  const digits = (base <= 36 ? text.toLowerCase() : text).replace(/^[+-]/, '')
  if (digits === '') throw refusal
  let number = 0
  for (const character of digits) {
    const digit = DIGITS.indexOf(character)
    if (digit < 0 || digit >= base) throw refusal
    number = number * base + digit
    if (number > Number.MAX_SAFE_INTEGER)
      throw new FunctionError(`the number is beyond ${Number.MAX_SAFE_INTEGER}, the largest that is kept exactly`, 0)
  }
  return numberValue(text.startsWith('-') ? -number : number)
}

function rangeOf(parameters: readonly Value[]): Value {
  const [first = 0, second, third] = parameters.map((_, index) => numberAt(parameters, index))
  if (parameters.length > 3) throw new FunctionError('one, two or three numbers are expected: a limit, a start and a limit, and a step', 3)
  const [start, limit] = second === undefined ? [0, first] : [first, second]
  const step = third ?? (start > limit ? -1 : 1)
  if (step === 0 && start !== limit) throw new FunctionError('a step of 0 never reaches the limit', 2)
  if (step > 0 && limit < start) throw new FunctionError('the limit must not be below the start when the step is positive', 1)
  if (step < 0 && limit > start) throw new FunctionError('the limit must not be above the start when the step is negative', 1)
  const length = start === limit ? 0 : Math.ceil((limit - start) / step)
  if (length > MAX_RANGE) throw new FunctionError(`this gives ${length} numbers, and at most ${MAX_RANGE} are allowed; use a larger step`)
  return listValue(
    NUMBER,
    Array.from({ length }, (_, index) => numberValue(start + index * step)),
  )
}
