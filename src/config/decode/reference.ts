import type { Reference } from '../../artifact/deferred.ts'
import { enumerate } from '../../base/enumerate.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { children, type Value } from '../../hcl/value.ts'
import { isBlockReference, toArtifactReference } from '../reference.ts'
import type { ArgumentDecoder } from './body.ts'
import type { ArgumentSite } from './site.ts'
import { placeOf } from './value.ts'

/** A reference to one published block of one of the kinds. */
export function reference(...kinds: readonly string[]): ArgumentDecoder<Reference> {
  return site => {
    const value = evaluate(site.attribute.expression, site.evaluation)
    if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
    return oneReference(site, kinds, value)
  }
}

/**
 * A list of references. It is flattened: a block with `for_each` stands for all of its instances.
 *
 * @param kinds none: of any kind.
 */
export function references(...kinds: readonly string[]): ArgumentDecoder<readonly Reference[]> {
  return site => {
    const value = evaluate(site.attribute.expression, site.evaluation)
    if (value.kind === 'null' || (value.kind === 'unknown' && value.invalid)) return undefined
    const found = flatten(value).map(item => oneReference(site, kinds, item))
    return found.includes(undefined) ? undefined : found.filter(item => item !== undefined)
  }
}

function flatten(value: Value): readonly Value[] {
  const inner = [...children(value)]
  return inner.length === 0 && value.kind !== 'tuple' && value.kind !== 'object' ? [value] : inner.flatMap(flatten)
}

function oneReference(site: ArgumentSite, kinds: readonly string[], value: Value): Reference | undefined {
  if (value.kind === 'capsule' && isBlockReference(value.content)) {
    if (kinds.length === 0 || kinds.includes(value.content.address.kind)) return toArtifactReference(value.content)
    return wrong(site, kinds, `${value.content.label} is a ${value.content.address.kind}`)
  }
  if (value.kind === 'unknown' && value.invalid) return undefined
  const isInstances = value.kind === 'object' || value.kind === 'tuple'
  return wrong(site, kinds, isInstances ? 'this is every instance of a block: choose one by its key' : `this is ${article(value.kind)}`)
}

function wrong(site: ArgumentSite, kinds: readonly string[], what: string): undefined {
  site.report.error({
    code: 'config/wrong-reference',
    summary: `The argument "${site.attribute.name}" takes ${kinds.length === 0 ? 'blocks' : `a ${enumerate(kinds, 'or')}`}, and ${what}`,
    detail: `Write the address of a ${kinds.length === 0 ? 'block' : enumerate(kinds, 'or')}, without quotes: ${kinds[0] ?? 'model'}.NAME.`,
    ...placeOf(site, site.attribute.expression),
  })
  return undefined
}

function article(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`
}
