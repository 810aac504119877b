import { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block, Expression } from '../hcl/ast.ts'
import { evaluate } from '../hcl/evaluate.ts'
import type { EvaluationContext } from '../hcl/function.ts'
import { argumentRange } from './blocks/argument-range.ts'
import { bool } from './decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, near, optional } from './decode/body.ts'
import { META_ARGUMENTS, META_BLOCKS } from './decode/meta-arguments.ts'
import type { BlockSite } from './decode/site.ts'
import { findAttribute } from './instances.ts'

/** How plan treats a block. */
export interface Lifecycle {
  readonly preventDestroy: boolean
  /** Arguments whose published value is kept. */
  readonly ignoreChanges: readonly string[] | 'all'
  readonly preconditions: readonly Block[]
  readonly postconditions: readonly Block[]
}

export const DEFAULT_LIFECYCLE: Lifecycle = { preventDestroy: false, ignoreChanges: [], preconditions: [], postconditions: [] }

const condition = { labels: [], many: true, decode: (block: Block) => block } as const

/** `[params, system]` or `all`: names of arguments, read without being evaluated. */
const argumentNames: ArgumentDecoder<readonly string[] | 'all'> = site => {
  const { expression } = site.attribute
  if (plainName(expression) === 'all') return 'all'
  const names = expression.kind === 'tuple' ? expression.items.map(plainName) : [undefined]
  if (!names.includes(undefined)) return names.filter(name => name !== undefined)
  site.report.error({
    code: 'config/wrong-type',
    summary: 'The argument "ignore_changes" has the wrong type',
    detail: 'Write a list of argument names without quotes, [params, system], or all.',
    subject: expression.range,
    where: site.where,
    address: site.address,
  })
  return undefined
}

function plainName(expression: Expression): string | undefined {
  return expression.kind === 'traversal' && expression.steps.length === 0 ? expression.root : undefined
}

const lifecycleBody = {
  arguments: { prevent_destroy: defaulted(bool, false), ignore_changes: optional(argumentNames) },
  blocks: { precondition: condition, postcondition: condition },
} as const satisfies BodySpec

/** Not settings, but how many blocks there are and how they are planned. */
const NOT_IGNORED: readonly string[] = [...Object.keys(META_ARGUMENTS), ...Object.keys(META_BLOCKS)]

/** @param body of the block: `ignore_changes` names arguments and blocks of it. */
export function decodeLifecycle(owner: Block, body: BodySpec, site: BlockSite): Lifecycle {
  const block = lifecycleOf(owner)
  const decoded = block && decodeBody(block.body, lifecycleBody, site, block)
  if (block === undefined || decoded === undefined) return DEFAULT_LIFECYCLE
  const ignoreChanges = decoded.ignore_changes ?? []
  const known = [...Object.keys(body.arguments), ...Object.keys(body.blocks ?? {})].filter(name => !NOT_IGNORED.includes(name))
  for (const name of ignoreChanges === 'all' ? [] : ignoreChanges) {
    if (known.includes(name)) continue
    site.report.error({
      code: 'config/unsupported-argument',
      summary: `There is no argument "${name}" to ignore`,
      subject: argumentRange(block, 'ignore_changes') ?? block.headerRange,
      where: site.where,
      address: site.address,
      ...near(name, known),
    })
  }
  return {
    preventDestroy: decoded.prevent_destroy,
    ignoreChanges,
    preconditions: decoded.precondition,
    postconditions: decoded.postcondition,
  }
}

function lifecycleOf(owner: Block): Block | undefined {
  return owner.body.items.find((item): item is Block => item.kind === 'block' && item.type === 'lifecycle')
}

/** Where a block says that it must not be archived, for an instance that is no longer configured: it is asked without its key. */
export function destroyGuard(owner: Block, evaluation: EvaluationContext): SourceRange | undefined {
  const block = lifecycleOf(owner)
  const attribute = block && findAttribute(block, 'prevent_destroy')
  const value = attribute && evaluate(attribute.expression, { ...evaluation, report: new Report() })
  return value?.kind === 'bool' && value.value ? attribute?.range : undefined
}
