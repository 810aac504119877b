import { ConversionFailure, convert } from '../../hcl/conversion.ts'
import type { Type } from '../../hcl/type.ts'
import type { Value } from '../../hcl/value.ts'

export type Conversion = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: ConversionFailure }

/** `convert`, with its refusal as a value: what it means depends on the argument. */
export function attemptConversion(value: Value, type: Type): Conversion {
  try {
    return { ok: true, value: convert(value, type) }
  } catch (failure) {
    if (failure instanceof ConversionFailure) return { ok: false, failure }
    throw failure
  }
}

/** The reason as a sentence: `Expected list of string, got number.` */
export function conversionSentence(failure: ConversionFailure): string {
  return `${failure.message.charAt(0).toUpperCase()}${failure.message.slice(1)}.`
}
