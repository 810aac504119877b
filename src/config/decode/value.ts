import type { JsonValue } from '../../base/json.ts'
import type { Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJson } from '../../hcl/json-value.ts'
import type { Type } from '../../hcl/type.ts'
import { deepMarks, isWhollyKnown, SECRET, SENSITIVE, type Value } from '../../hcl/value.ts'
import { attemptConversion, conversionSentence } from './conversion.ts'
import type { ArgumentSite } from './site.ts'

/**
 * The value of an argument that must be known at plan time and may enter an artifact.
 *
 * @returns undefined when it is null (unset), or after an error was reported.
 */
export function knownValue(site: ArgumentSite, type: Type): Value | undefined {
  const { expression } = site.attribute
  const value = evaluate(expression, site.evaluation)
  if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
  const converted = convertArgument(site, value, type)
  return converted && mayEnterArtifact(site, converted) ? converted : undefined
}

/** The same as plain JSON. */
export function knownJson(site: ArgumentSite, type: Type): JsonValue | undefined {
  const value = knownValue(site, type)
  return value && toJson(value)
}

/** Converts to the declared type, or reports `config/wrong-type`. */
export function convertArgument(site: ArgumentSite, value: Value, type: Type): Value | undefined {
  const converted = attemptConversion(value, type)
  if (converted.ok) return converted.value
  site.report.error({
    code: 'config/wrong-type',
    summary: `The argument "${site.attribute.name}" has the wrong type`,
    detail: conversionSentence(converted.failure),
    subject: site.attribute.expression.range,
    where: site.where,
    address: site.address,
  })
  return undefined
}

/** Refuses what must not be stored: secrets, sensitive values, and what is not known yet. */
export function mayEnterArtifact(site: ArgumentSite, value: Value): boolean {
  const marks = deepMarks(value)
  if (marks & SECRET) {
    site.report.error({
      code: 'config/secret-not-allowed',
      summary: `The argument "${site.attribute.name}" cannot hold a secret`,
      detail: 'secret() is accepted where a call needs it, such as api_key and headers. Everything else is stored as it is.',
      ...placeOf(site, site.attribute.expression),
    })
    return false
  }
  if (marks & SENSITIVE) {
    site.report.error({
      code: 'config/sensitive-in-artifact',
      summary: `The argument "${site.attribute.name}" would publish a sensitive value`,
      detail:
        'Versions are kept and can be read by everybody who may see them. Use secret("NAME") where a call needs it, or nonsensitive(…) if the value may be seen.',
      ...placeOf(site, site.attribute.expression),
    })
    return false
  }
  if (!isWhollyKnown(value)) {
    site.report.error({
      code: 'config/deferred-not-allowed',
      summary: `The argument "${site.attribute.name}" must be known at plan time`,
      detail: 'It depends on something that is known only later.',
      ...placeOf(site, site.attribute.expression),
    })
    return false
  }
  return true
}

export function placeOf(site: ArgumentSite, expression: Expression) {
  return { subject: expression.range, where: site.where, address: site.address }
}
