import type { Block, Expression } from '../hcl/ast.ts'
import { bool } from './decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, near, optional } from './decode/body.ts'
import type { BlockSite } from './decode/site.ts'

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

/** @param argumentsOfBlock what `ignore_changes` may name. */
export function decodeLifecycle(owner: Block, argumentsOfBlock: readonly string[], site: BlockSite): Lifecycle {
  const block = owner.body.items.find((item): item is Block => item.kind === 'block' && item.type === 'lifecycle')
  const decoded = block && decodeBody(block.body, lifecycleBody, site, block)
  if (block === undefined || decoded === undefined) return DEFAULT_LIFECYCLE
  const ignoreChanges = decoded.ignore_changes ?? []
  for (const name of ignoreChanges === 'all' ? [] : ignoreChanges) {
    if (argumentsOfBlock.includes(name)) continue
    site.report.error({
      code: 'config/unsupported-argument',
      summary: `There is no argument "${name}" to ignore`,
      subject: block.headerRange,
      where: site.where,
      address: site.address,
      ...near(name, argumentsOfBlock),
    })
  }
  return {
    preventDestroy: decoded.prevent_destroy,
    ignoreChanges,
    preconditions: decoded.precondition,
    postconditions: decoded.postcondition,
  }
}
