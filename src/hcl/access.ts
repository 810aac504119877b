import { enumerate } from '../base/enumerate.ts'
import { suggest } from '../base/suggest.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import { ConversionFailure } from './conversion.ts'
import { fail, failOn, failOnValue, isInvalid, tryConvert } from './evaluation.ts'
import type { EvaluationContext } from './function.ts'
import { ANY, NUMBER, type ObjectType, plainType, STRING, type Type } from './type.ts'
import { count, describeType } from './type-text.ts'
import { unify } from './unify.ts'
import { INVALID, NO_MARKS, typeOf, type UnknownValue, unknownValue, type Value, withMarks } from './value.ts'
import { describeValue, textOf } from './value-text.ts'

/** Where a value is looked into: what stands before the step, and the step with its dot or brackets. */
export interface Access {
  readonly base: SourceRange
  readonly step: SourceRange
}

/** What stands before the step, as messages name it. */
function baseText(access: Access): string {
  return textOf(access.base).replace(/^(?:\[\*\]|\.\*)/, 'The element')
}

/** Names that a message lists in full. */
const NAMES_LISTED = 12

/** `value.name`. A misspelt attribute of a declared type is an error also while the value is unknown. */
export function attributeOf(value: Value, name: string, access: Access, context: EvaluationContext): Value {
  switch (value.kind) {
    case 'object':
    case 'map': {
      const member = value.entries.get(name)
      if (member !== undefined) return withMarks(member, value.marks)
      return value.kind === 'map'
        ? missingKey(value, name, access, context)
        : missingAttribute(value, name, [...value.entries.keys()], access, context)
    }
    case 'unknown':
      return value.invalid ? value : attributeOfUnknown(value, name, access, context)
    case 'null':
      return nullBase(`it has no attribute "${name}"`, access, context)
    case 'capsule': {
      const member = value.content.attribute(name)
      return member ? withMarks(member, value.marks) : missingAttribute(value, name, value.content.attributeNames(), access, context)
    }
    default:
      return noAttributes(value, name, access, context)
  }
}

function attributeOfUnknown(value: UnknownValue, name: string, access: Access, context: EvaluationContext): Value {
  const type = plainType(value.type)
  switch (type.kind) {
    case 'any':
    case 'capsule':
      return unknownValue(ANY, { marks: value.marks })
    case 'map':
      return unknownValue(type.element, { marks: value.marks })
    case 'object': {
      const member = unknownAttribute(value, type, name)
      return member ?? missingAttribute(value, name, [...type.attributes.keys()], access, context)
    }
    default:
      return noAttributes(value, name, access, context)
  }
}

function unknownAttribute(value: UnknownValue, type: ObjectType, name: string): Value | undefined {
  const attribute = type.attributes.get(name)
  return attribute && unknownValue(attribute.type, { nullable: attribute.optional && attribute.default === undefined, marks: value.marks })
}

function missingAttribute(value: Value, name: string, names: readonly string[], access: Access, context: EvaluationContext): Value {
  const near = suggest(name, names)
  const listed =
    names.length === 0
      ? 'It has no attributes.'
      : names.length > NAMES_LISTED
        ? `It has ${names.length} attributes.`
        : `Its ${names.length === 1 ? 'attribute is' : 'attributes are'} ${enumerate(names)}.`
  return failOn(value, context, {
    code: 'hcl/unknown-attribute',
    summary: `${baseText(access)} has no attribute "${name}"`,
    detail: value.kind === 'unknown' ? `${baseText(access)} is ${describeType(value.type)}. ${listed}` : listed,
    subject: access.step,
    ...noteOnBase(value, access),
    ...(near.length === 0 ? {} : { suggestions: near }),
  })
}

function noAttributes(value: Value, name: string, access: Access, context: EvaluationContext): Value {
  const base = baseText(access)
  const isCollection = ['list', 'set', 'tuple'].includes(plainType(typeOf(value)).kind)
  return failOn(value, context, {
    code: 'hcl/no-attributes',
    summary: `${base} is ${describeType(typeOf(value))}, which has no attributes`,
    detail: isCollection
      ? `Write ${base}[*].${name} for "${name}" of every element, or ${base}[0].${name} for that of the first.`
      : 'Only objects and maps have attributes.',
    subject: access.step,
    ...noteOnBase(value, access),
  })
}

function noteOnBase(value: Value, access: Access): { readonly notes?: readonly string[] } {
  const base = baseText(access)
  // The text of anything but a name says by itself what it is.
  if (value.kind === 'unknown' || !/^[\p{ID_Start}_][\p{ID_Continue}.[\]"*-]*$/u.test(base)) return {}
  return { notes: [`${base} is ${describeValue(value)}`] }
}

function nullBase(consequence: string, access: Access, context: EvaluationContext): Value {
  return failOnValue(context, {
    code: 'hcl/null-value',
    summary: `${baseText(access)} is null`,
    detail: `Because it is null, ${consequence}. Use try(…, null) where null may stand for the whole.`,
    subject: access.step,
  })
}

/** `value[key]`. */
export function elementAt(value: Value, key: Value, access: Access, context: EvaluationContext): Value {
  if (isInvalid(value) || isInvalid(key)) return INVALID
  if (value.kind === 'null') return nullBase('it has no elements', access, context)
  if (key.kind === 'null') {
    return failOnValue(context, {
      code: 'hcl/null-value',
      summary: `The index of ${baseText(access)} is null`,
      detail: 'An index is a number or a string.',
      subject: access.step,
    })
  }
  const type = value.kind === 'unknown' ? plainType(value.type) : typeOf(value)
  const marks = value.marks | key.marks
  switch (type.kind) {
    case 'any':
      return unknownValue(ANY, { marks })
    case 'list':
    case 'tuple':
      return withMarks(positionIn(value, type, key, access, context), marks)
    case 'map':
    case 'object':
    case 'capsule':
      return withMarks(memberOf(value, type, key, access, context), marks)
    default:
      return failOn(value, context, {
        code: 'hcl/no-elements',
        summary: `${baseText(access)} is ${describeType(type)}, which has no index`,
        detail:
          type.kind === 'set'
            ? `The elements of a set have no order. Write tolist(${baseText(access)}) first.`
            : 'Lists and tuples have elements by number, maps and objects by key.',
        subject: access.step,
        ...noteOnBase(value, access),
      })
  }
}

function positionIn(value: Value, type: Type & { kind: 'list' | 'tuple' }, key: Value, access: Access, context: EvaluationContext): Value {
  const number = tryConvert(key, NUMBER)
  if (number instanceof ConversionFailure) return wrongIndex(value, key, 'a number', access, context)
  if (number.kind !== 'number') return unknownValue(type.kind === 'list' ? type.element : (unify(type.elements) ?? ANY))
  if (!Number.isInteger(number.value) || number.value < 0) return wrongIndex(value, key, 'a whole number from 0', access, context)
  if (value.kind === 'list' || value.kind === 'tuple') {
    return value.items[number.value] ?? outOfRange(value, value.items.length, number, access, context)
  }
  if (type.kind === 'list') return unknownValue(type.element)
  const element = type.elements[number.value]
  return element ? unknownValue(element) : outOfRange(value, type.elements.length, number, access, context)
}

function outOfRange(value: Value, length: number, key: Value, access: Access, context: EvaluationContext): Value {
  const range =
    length === 0
      ? 'It has none.'
      : `It has ${count(length, 'element')}, with ${length === 1 ? 'the number 0' : `the numbers 0 to ${length - 1}`}.`
  return failOn(value, context, {
    code: 'hcl/unknown-element',
    summary: `${baseText(access)} has no element ${describeValue(key)}`,
    detail: range,
    subject: access.step,
    ...noteOnBase(value, access),
  })
}

function wrongIndex(value: Value, key: Value, wanted: string, access: Access, context: EvaluationContext): Value {
  return (key.kind === 'unknown' ? fail : failOnValue)(context, {
    code: 'hcl/wrong-index',
    summary: `${baseText(access)} is indexed by ${wanted}`,
    detail: `${baseText(access)} is ${describeType(typeOf(value))}, and the index is ${key.kind === 'unknown' ? describeType(key.type) : describeValue(key)}.`,
    subject: access.step,
  })
}

function memberOf(
  value: Value,
  type: Type & { kind: 'map' | 'object' | 'capsule' },
  key: Value,
  access: Access,
  context: EvaluationContext,
): Value {
  const name = tryConvert(key, STRING)
  if (name instanceof ConversionFailure) return wrongIndex(value, key, 'a string', access, context)
  if (name.kind === 'string') {
    if (name.marks !== NO_MARKS && !hasMember(value, type, name.value)) return missingSensitive(access, context)
    return attributeOf(value, name.value, access, context)
  }
  if (type.kind === 'map') return unknownValue(type.element)
  return unknownValue(type.kind === 'object' ? (unify([...type.attributes.values()].map(attribute => attribute.type)) ?? ANY) : ANY)
}

function hasMember(value: Value, type: Type & { kind: 'map' | 'object' | 'capsule' }, name: string): boolean {
  if (value.kind === 'map' || value.kind === 'object') return value.entries.has(name)
  if (value.kind === 'capsule') return value.content.attribute(name) !== undefined
  return type.kind !== 'object' || type.attributes.has(name)
}

/** The key is sensitive, so no message may name it. */
function missingSensitive(access: Access, context: EvaluationContext): Value {
  return failOnValue(context, {
    code: 'hcl/unknown-element',
    summary: `${baseText(access)} has no element of this sensitive key`,
    detail: 'The key is not shown because it is sensitive.',
    subject: access.step,
  })
}

function missingKey(value: Value & { kind: 'map' }, key: string, access: Access, context: EvaluationContext): Value {
  const names = [...value.entries.keys()].sort()
  const near = suggest(key, names)
  const isShown = value.marks === NO_MARKS && names.length > 0 && names.length <= NAMES_LISTED
  return failOnValue(context, {
    code: 'hcl/unknown-element',
    summary: `${baseText(access)} has no element "${key}"`,
    detail: isShown
      ? `Its keys are ${enumerate(names.map(name => JSON.stringify(name)))}.`
      : `It has ${count(names.length, 'element')}. Use lookup(…, default) for a key that may be absent.`,
    subject: access.step,
    ...noteOnBase(value, access),
    ...(near.length === 0 || value.marks !== NO_MARKS ? {} : { suggestions: near }),
  })
}
