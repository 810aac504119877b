import { ConversionFailure } from '../../hcl/conversion.ts'
import { plainType, type Type } from '../../hcl/type.ts'
import { describeType } from '../../hcl/type-text.ts'
import { isWhollyKnown, typeOf, type Value } from '../../hcl/value.ts'
import { attemptConversion, type Conversion } from '../decode/conversion.ts'

/**
 * Whether a value may be of the type when a flow runs. What is known is converted now; what a run computes is passed on as it
 * is, so a number does not become a text there.
 */
export function attemptFit(value: Value, type: Type): Conversion {
  const converted = attemptConversion(value, type)
  if (!converted.ok || isWhollyKnown(value) || fitsAsIs(typeOf(value), type)) return converted
  return { ok: false, failure: new ConversionFailure(`expected ${describeType(type)}, got ${describeType(typeOf(value))}`) }
}

/** Only where a conversion is possible at all. */
function fitsAsIs(from: Type, to: Type): boolean {
  const [given, wanted] = [plainType(from), plainType(to)]
  if (given.kind === 'any' || wanted.kind === 'any') return true
  switch (wanted.kind) {
    case 'list':
    case 'set':
      if (given.kind === 'tuple') return given.elements.every(element => fitsAsIs(element, wanted.element))
      return 'element' in given && fitsAsIs(given.element, wanted.element)
    case 'map':
      if (given.kind === 'object') return [...given.attributes.values()].every(({ type }) => fitsAsIs(type, wanted.element))
      return 'element' in given && fitsAsIs(given.element, wanted.element)
    case 'tuple':
      return given.kind === 'tuple' && given.elements.every((element, index) => fitsAsIs(element, wanted.elements[index] ?? element))
    case 'object':
      if (given.kind === 'map') return [...wanted.attributes.values()].every(({ type }) => fitsAsIs(given.element, type))
      return (
        given.kind === 'object' &&
        [...given.attributes].every(([name, { type }]) => fitsAsIs(type, wanted.attributes.get(name)?.type ?? type))
      )
    default:
      return given.kind === wanted.kind
  }
}
