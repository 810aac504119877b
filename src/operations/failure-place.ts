import { argumentRange } from '../config/blocks/argument-range.ts'
import { blockAt, type ParsedConfiguration } from '../config/parsed.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block } from '../hcl/ast.ts'

/** Adds the source line of the block that the failure names, where the configuration has it. */
export function withPlace(error: unknown, parsed: ParsedConfiguration | undefined): unknown {
  if (!(error instanceof OperationError)) return error
  const { address, argument, subject } = error.diagnostic
  const block = parsed && blockAt(parsed, address ?? '')
  if (block === undefined || subject !== undefined) return error
  const range = (argument === undefined ? undefined : rangeOfArgument(block, argument)) ?? block.headerRange
  return error.withPlace({ subject: range, where: `in ${block.type} "${block.labels[0]?.text}"` })
}

/** `api_key` is an argument; `output.sources[0]` a part of a field inside of a nested block, or of its type. */
function rangeOfArgument(block: Block, argument: string): SourceRange | undefined {
  const [name = '', field] = argument.split(/[.[]/)
  const nested = block.body.items.find((item): item is Block => item.kind === 'block' && item.type === name)
  if (nested === undefined || field === undefined) return argumentRange(block, name) ?? nested?.headerRange
  const declared = nested.body.items.find(
    (item): item is Block => item.kind === 'block' && item.type === 'field' && item.labels[0]?.text === field,
  )
  return declared?.headerRange ?? fieldOfType(nested, field) ?? nested.headerRange
}

/** The key in `type = object({ field = … })`. */
function fieldOfType(block: Block, field: string): SourceRange | undefined {
  const type = block.body.items.find(item => item.kind === 'attribute' && item.name === 'type')
  const [shape] = type?.kind === 'attribute' && type.expression.kind === 'call' ? type.expression.arguments : []
  return shape?.kind === 'object' ? shape.items.find(({ key }) => key.kind === 'literal' && key.value === field)?.key.range : undefined
}
