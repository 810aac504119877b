import type { Block } from '../../hcl/ast.ts'
import { STRING } from '../../hcl/type.ts'
import { optional, required } from '../decode/body.ts'
import { concealed } from '../decode/deferred.ts'
import { META_ARGUMENTS } from '../decode/meta-arguments.ts'
import type { BlockSite } from '../decode/site.ts'
import { knownValue } from '../decode/value.ts'
import { findAttribute } from '../instances.ts'
import { type ModuleSource, parseModuleSource } from '../modules/source.ts'

/** What a `module` block says of itself; all other arguments are values of the module's variables. */
export const moduleArguments = {
  source: required(site => knownValue(site, STRING)),
  description: optional(site => knownValue(site, STRING)),
  ...META_ARGUMENTS,
} as const

/** A variable of a module cannot have one of these names: nobody could give it a value. */
export const RESERVED_ARGUMENTS: readonly string[] = Object.keys(moduleArguments)

/** Where a module comes from; undefined after an error was reported. It is read before variables and blocks are known. */
export function decodeSource(block: Block, site: BlockSite): ModuleSource | undefined {
  const attribute = findAttribute(block, 'source')
  if (attribute === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "source" is missing',
      detail: 'Say where the module is: source = "./modules/NAME".',
      subject: block.headerRange,
      where: site.where,
    })
    return undefined
  }
  const value = knownValue({ ...site, attribute }, STRING)
  if (value?.kind !== 'string') return undefined
  const source = parseModuleSource(value.value)
  if (source.kind !== 'problem') return source
  const { kind: _, ...problem } = source
  const { range } = attribute.expression
  const subject = problem.code === 'config/plain-secret' ? concealed(range) : range
  site.report.error({ ...problem, subject, where: site.where })
  return undefined
}
