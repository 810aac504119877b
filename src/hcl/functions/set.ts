import { setValue } from '../equality.ts'
import { type FunctionDefinition, FunctionError } from '../function.ts'
import { ANY, setOf, type Type } from '../type.ts'
import { describeType } from '../type-text.ts'
import { unify } from '../unify.ts'
import { listValue, tupleValue, typeOf, type Value } from '../value.ts'
import { checkSize, convertAt, defineFunction, elementsOf, parameter } from './definition.ts'
import { identityOf } from './json-text.ts'

const set = parameter('set', setOf(ANY))
const sets = parameter('sets', setOf(ANY))

export const setFunctions: readonly FunctionDefinition[] = [
  ofSets('setunion', 'The elements that are in any of the sets.', ([first = [], ...others]) => first.concat(...others)),
  ofSets('setintersection', 'The elements that are in all of the sets.', ([first = [], ...others]) => {
    const identities = others.map(identitiesOf)
    return first.filter(item => identities.every(other => other.has(identityOf(item))))
  }),
  defineFunction('setsubtract', {
    summary: 'The elements of the first set that are not in the second.',
    parameters: [set, parameter('other', setOf(ANY))],
    returns: parameters => setOf(commonElement(parameters)),
    call: parameters => combine(parameters, ([first = [], other = []]) => subtract(first, other)),
  }),
  defineFunction('setproduct', {
    summary: 'All combinations of one element of each list or set.',
    parameters: [parameter('lists', ANY), parameter('lists', ANY)],
    variadic: parameter('lists', ANY),
    returns: productType,
    call: product,
  }),
]

type Combine = (sets: readonly (readonly Value[])[]) => readonly Value[]

function ofSets(name: string, summary: string, combineSets: Combine): FunctionDefinition {
  return defineFunction(name, {
    summary,
    parameters: [set],
    variadic: sets,
    returns: parameters => setOf(commonElement(parameters)),
    call: parameters => combine(parameters, combineSets),
  })
}

function combine(parameters: readonly Value[], combineSets: Combine): Value {
  const element = commonElement(parameters)
  const converted = parameters.map((given, index) => elementsOf(convertAt(given, setOf(element), index)) ?? [])
  return setValue(element, combineSets(converted))
}

function commonElement(parameters: readonly Value[]): Type {
  const types = parameters.map(typeOf).flatMap(type => (type.kind === 'set' && type.element.kind !== 'any' ? [type.element] : []))
  const common = unify(types)
  if (common === undefined) throw new FunctionError('the elements of the sets must all have one type')
  return common
}

function subtract(first: readonly Value[], other: readonly Value[]): readonly Value[] {
  const identities = identitiesOf(other)
  return first.filter(item => !identities.has(identityOf(item)))
}

function identitiesOf(items: readonly Value[]): ReadonlySet<string> {
  return new Set(items.map(identityOf))
}

/** A set of tuples when all are sets, else a list of tuples. */
function productType(parameters: readonly Value[]): Type {
  const types = parameters.map((given, index) => {
    const type = typeOf(given)
    if (['list', 'set', 'tuple', 'any'].includes(type.kind)) return type
    throw new FunctionError(`a list or set is required, and this is ${describeType(type)}`, index)
  })
  const elements = types.map(type => (type.kind === 'tuple' ? unify(type.elements) : 'element' in type ? type.element : ANY) ?? ANY)
  const combination: Type = { kind: 'tuple', elements }
  if (types.every(type => type.kind === 'set')) return setOf(combination)
  return types.some(type => type.kind === 'any') ? ANY : { kind: 'list', element: combination }
}

function product(parameters: readonly Value[]): Value {
  const type = productType(parameters)
  const element = type.kind === 'list' || type.kind === 'set' ? type.element : ANY
  const types = element.kind === 'tuple' ? element.elements : []
  const lists = parameters.map((given, index) => (elementsOf(given) ?? []).map(item => convertAt(item, types[index] ?? ANY, index)))
  checkSize(lists.reduce((size, list) => size * list.length, lists.length))
  const combinations = lists.reduce<readonly (readonly Value[])[]>(
    (rows, list) => rows.flatMap(row => list.map(item => [...row, item])),
    [[]],
  )
  const tuples = combinations.map(row => tupleValue(row))
  return type.kind === 'set' ? setValue(element, tuples) : listValue(element, tuples)
}
