import { typesEqual } from './equality.ts'
import { ANY, type ObjectAttribute, type ObjectType, plainType, type Type } from './type.ts'
import { describeType } from './type-text.ts'

/** Where inside a value, from the outside in: attribute names and indexes. */
export type ValuePath = readonly (string | number)[]

/** Why no value of one type can become a value of another. */
export interface Mismatch {
  readonly path: ValuePath
  /** A clause without full stop: `expected string, got list of number`. */
  readonly reason: string
}

/** `safe` conversions always succeed (number to string); the others depend on the value (string to number). */
export type Safety = 'safe' | 'unsafe'

/** Whether values of one type can become values of another, and if not, why. */
export function mismatch(from: Type, to: Type, safety: Safety = 'unsafe'): Mismatch | undefined {
  if (to.kind === 'any' || from.kind === 'any' || from === to) return undefined
  if (to.kind === 'described') return mismatch(from, to.type, safety)
  if (from.kind === 'described') return mismatch(from.type, to, safety)
  switch (to.kind) {
    case 'list':
    case 'set':
      return itemsMismatch(from, to, safety)
    case 'map':
      return entriesMismatch(from, to, safety)
    case 'tuple':
      if (from.kind !== 'tuple') break
      if (from.elements.length !== to.elements.length) return refusal(from, to)
      return firstMismatch(
        from.elements.map((element, index) => [index, element, to.elements[index] ?? ANY]),
        safety,
      )
    case 'object':
      if (from.kind === 'object') return objectMismatch(from, to, safety)
      if (from.kind !== 'map' || safety === 'safe') break
      return firstMismatch(
        [...to.attributes].map(([name, attribute]) => [name, from.element, attribute.type]),
        safety,
      )
    case 'capsule':
      return from.kind === 'capsule' && from.name === to.name ? undefined : refusal(from, to)
    default:
      return scalarFits(from, to, safety) ? undefined : refusal(from, to)
  }
  return refusal(from, to)
}

function refusal(from: Type, to: Type): Mismatch {
  return { path: [], reason: `expected ${describeType(to)}, got ${describeType(from)}` }
}

type Scalar = Extract<Type, { kind: 'string' | 'number' | 'integer' | 'bool' | 'enum' }>

function scalarFits(from: Type, to: Scalar, safety: Safety): boolean {
  const unsafe = safety === 'unsafe'
  switch (to.kind) {
    case 'string':
      return from.kind === 'string' || from.kind === 'number' || from.kind === 'integer' || from.kind === 'bool' || from.kind === 'enum'
    case 'number':
      return from.kind === 'number' || from.kind === 'integer' || (unsafe && isText(from))
    case 'integer':
      return from.kind === 'integer' || (unsafe && (from.kind === 'number' || isText(from)))
    case 'bool':
      return from.kind === 'bool' || (unsafe && isText(from))
    case 'enum':
      if (from.kind === 'enum') return from.values[unsafe ? 'some' : 'every'](value => to.values.includes(value))
      return unsafe && scalarFits(from, { kind: 'string' }, 'safe')
  }
}

function isText(type: Type): boolean {
  return type.kind === 'string' || type.kind === 'enum'
}

function itemsMismatch(from: Type, to: Type & { readonly element: Type }, safety: Safety): Mismatch | undefined {
  if (from.kind === 'tuple') {
    if (to.element.kind !== 'any')
      return firstMismatch(
        from.elements.map((element, index) => [index, element, to.element]),
        safety,
      )
    return unify(from.elements) ? undefined : { path: [], reason: `the elements of a ${to.kind} must all have one type` }
  }
  const fits = from.kind === 'set' || (from.kind === 'list' && (to.kind === 'list' || safety === 'unsafe'))
  return fits ? mismatch(from.element, to.element, safety) : refusal(from, to)
}

function entriesMismatch(from: Type, to: Type & { readonly element: Type }, safety: Safety): Mismatch | undefined {
  if (from.kind === 'map') return mismatch(from.element, to.element, safety)
  if (from.kind !== 'object') return refusal(from, to)
  const members = [...from.attributes]
  if (to.element.kind !== 'any')
    return firstMismatch(
      members.map(([name, attribute]) => [name, attribute.type, to.element]),
      safety,
    )
  return unify(members.map(([, attribute]) => attribute.type))
    ? undefined
    : { path: [], reason: 'the values of a map must all have one type' }
}

function objectMismatch(from: ObjectType, to: ObjectType, safety: Safety): Mismatch | undefined {
  for (const [name, attribute] of to.attributes) {
    const given = from.attributes.get(name)
    if (given === undefined && !attribute.optional) return { path: [], reason: `attribute ${JSON.stringify(name)} is missing` }
    const problem = given && mismatch(given.type, attribute.type, safety)
    if (problem) return { ...problem, path: [name, ...problem.path] }
  }
  return undefined
}

function firstMismatch(pairs: readonly (readonly [string | number, Type, Type])[], safety: Safety): Mismatch | undefined {
  for (const [key, from, to] of pairs) {
    const problem = mismatch(from, to, safety)
    if (problem) return { ...problem, path: [key, ...problem.path] }
  }
  return undefined
}

/** The type that a conversion gives: the target, with each `any` replaced by what is there. Only where `mismatch` finds nothing. */
export function convertedType(from: Type, to: Type): Type {
  if (to.kind === 'any') return from
  if (to.kind === 'described') return convertedType(from, to.type)
  if (from.kind === 'described') return convertedType(from.type, to)
  switch (to.kind) {
    case 'list':
    case 'set':
    case 'map':
      return { kind: to.kind, element: convertedElement(from, to.element) }
    case 'tuple':
      if (from.kind !== 'tuple') return to
      return { kind: 'tuple', elements: to.elements.map((element, index) => convertedType(from.elements[index] ?? ANY, element)) }
    default:
      return to
  }
}

function convertedElement(from: Type, to: Type): Type {
  if (to.kind !== 'any') return 'element' in from ? convertedType(from.element, to) : to
  if ('element' in from) return from.element
  if (from.kind === 'tuple') return unify(from.elements) ?? ANY
  return from.kind === 'object' ? (unify(attributeTypes(from)) ?? ANY) : ANY
}

function attributeTypes(type: ObjectType): readonly Type[] {
  return [...type.attributes.values()].map(attribute => attribute.type)
}

/**
 * The one type that values of all these types can become: of the arms of a conditional, of the elements of a list.
 * The rules are those of cty's `UnifyUnsafe`.
 *
 * @returns undefined when there is none; `any` when one of them is not known yet, or for no types at all.
 */
export function unify(types: readonly Type[]): Type | undefined {
  const [first = ANY, ...rest] = types
  if (rest.every(type => typesEqual(type, first))) return first
  const plain = types.map(plainType)
  const known = plain.filter(type => type.kind !== 'any')
  const kinds = new Set(known.map(type => type.kind))
  const [kind = 'any', other] = [...kinds].sort()
  if (kinds.size === 1 && (kind === 'list' || kind === 'set' || kind === 'map')) return unifyCollections(kind, plain)
  if (known.length < plain.length) return ANY
  if (kinds.size === 1 && kind === 'object') return unifyObjects(plain.filter(type => type.kind === 'object'))
  if (kinds.size === 1 && kind === 'tuple') return unifyTuples(plain)
  if (kind === 'object' && other === 'tuple') return undefined
  const mixed = kinds.size === 2 ? unifyMixed(kind, plain) : undefined
  return mixed ?? preferred(plain)
}

function unifyCollections(kind: 'list' | 'set' | 'map', types: readonly Type[]): Type | undefined {
  if (types.some(type => type.kind === 'any')) return ANY
  const element = unify(types.map(type => ('element' in type ? type.element : ANY)))
  return element && { kind, element }
}

/** A map beside objects is a map of all their values; a list or set beside tuples takes their elements. */
function unifyMixed(kind: Type['kind'], types: readonly Type[]): Type | undefined {
  const collection = types.find(type => type.kind === 'list' || type.kind === 'set' || type.kind === 'map')
  const structure = collection?.kind === 'map' ? 'object' : 'tuple'
  if (collection === undefined || (kind !== collection.kind && kind !== structure)) return undefined
  if (types.some(type => type.kind !== collection.kind && type.kind !== structure)) return undefined
  const element = unify(
    types.flatMap(type => ('element' in type ? [type.element] : type.kind === 'tuple' ? type.elements : memberTypes(type))),
  )
  return element && { kind: collection.kind, element }
}

function memberTypes(type: Type): readonly Type[] {
  return type.kind === 'object' ? attributeTypes(type) : []
}

function unifyObjects(types: readonly ObjectType[]): Type | undefined {
  const [first] = types
  if (first === undefined) return undefined
  const sameNames = types.every(
    type => type.attributes.size === first.attributes.size && [...type.attributes.keys()].every(name => first.attributes.has(name)),
  )
  if (!sameNames) {
    const element = unify(types.flatMap(attributeTypes))
    return element && { kind: 'map', element }
  }
  const attributes = new Map<string, ObjectAttribute>()
  for (const name of first.attributes.keys()) {
    const members = types.flatMap(type => type.attributes.get(name) ?? [])
    const type = unify(members.map(member => member.type))
    if (type === undefined) return undefined
    attributes.set(name, { type, optional: members.some(member => member.optional) })
  }
  return { kind: 'object', attributes }
}

function unifyTuples(types: readonly Type[]): Type | undefined {
  const tuples = types.flatMap(type => (type.kind === 'tuple' ? [type.elements] : []))
  const length = tuples[0]?.length ?? 0
  if (tuples.some(elements => elements.length !== length)) {
    const element = unify(tuples.flat())
    return element && { kind: 'list', element }
  }
  const elements = Array.from({ length }, (_, index) => unify(tuples.map(tuple => tuple[index] ?? ANY)))
  return elements.every(element => element !== undefined) ? { kind: 'tuple', elements } : undefined
}

/** One of the types itself, when all others convert to it; where that never fails is better. */
function preferred(types: readonly Type[]): Type | undefined {
  const fits = (safety: Safety) => types.find(to => types.every(from => mismatch(from, to, safety) === undefined))
  return fits('safe') ?? fits('unsafe')
}
