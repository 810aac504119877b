import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { McpToolSpec } from '../../artifact/tool.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { Block } from '../../hcl/ast.ts'
import { fromJsonSchema } from '../../hcl/json-schema.ts'
import { type ObjectType, plainType, type Type } from '../../hcl/type.ts'
import { describeType } from '../../hcl/type-text.ts'
import { near } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { type LockedTool, serverName } from '../locked-tools.ts'
import { argumentRange, nestedBlock } from './argument-range.ts'

/** Tools that are named in a message. */
const SHOWN = 12

/**
 * What the lock says of the tool of an MCP server. Nobody is asked: a server that is not in the lock is not known.
 *
 * @param declared what the block says that it takes; held against the lock.
 */
export function lockedTool(block: Block, mcp: McpToolSpec, declared: JsonSchema | undefined, site: BlockSite): LockedTool | undefined {
  const server = site.servers?.find(candidate => candidate.server === serverName(mcp))
  if (server === undefined) return undefined
  const written = nestedBlock(block, 'mcp')
  const locked = server.used.get(mcp.tool)
  if (locked === undefined && !server.tools.includes(mcp.tool)) {
    const shown = server.tools.slice(0, SHOWN)
    const names = shown.length === 0 ? 'It has none' : `It has ${enumerate(shown, 'and')}`
    const more = server.tools.length > SHOWN ? `, and ${server.tools.length - SHOWN} more` : ''
    site.report.error({
      code: 'tool/unknown-tool',
      summary: `${server.server} has no tool "${mcp.tool}"`,
      detail: `${names}${more}, as .flowrun.lock.hcl has it. Where it has come since, ask the server again:\n  flowrun init -upgrade`,
      subject: (written && argumentRange(written, 'tool')) ?? block.headerRange,
      where: site.where,
      address: site.address,
      ...near(mcp.tool, [...server.tools]),
    })
  }
  const [taken, given] = [locked?.input, declared].map(schema => schema && objectType(schema))
  if (taken && given) for (const problem of mismatches(given, taken)) report(problem, block, mcp, site)
  return locked
}

function objectType(schema: JsonSchema): ObjectType | undefined {
  const type = plainType(fromJsonSchema(schema))
  return type.kind === 'object' ? type : undefined
}

interface Mismatch {
  /** Of the block; absent where it has no such field. */
  readonly field?: string
  readonly text: string
  readonly near?: Pick<DiagnosticInput, 'suggestions'>
}

function* mismatches(given: ObjectType, taken: ObjectType): Iterable<Mismatch> {
  for (const [field, { type }] of given.attributes) {
    const expected = taken.attributes.get(field)
    if (expected === undefined) yield { field, text: `does not take "${field}"`, near: near(field, [...taken.attributes.keys()]) }
    else if (isOther(type, expected.type))
      yield {
        field,
        text: `takes ${describeType(plainType(expected.type))} as "${field}", and the block gives ${describeType(plainType(type))}`,
      }
  }
  for (const [field, { optional }] of taken.attributes)
    if (!optional && !given.attributes.has(field)) yield { text: `needs "${field}", which the input of the block does not have` }
}

const SIMPLE: ReadonlySet<Type['kind']> = new Set(['string', 'number', 'bool', 'list', 'object'])

/** Surely another: of what types cannot say nothing is said. */
function isOther(given: Type, expected: Type): boolean {
  const [a, b] = [plainType(given).kind, plainType(expected).kind]
  return SIMPLE.has(a) && SIMPLE.has(b) && a !== b
}

function report({ field, text, near: suggested }: Mismatch, block: Block, mcp: McpToolSpec, site: BlockSite): void {
  const input = nestedBlock(block, 'input')
  const written = input?.body.items.find(item => item.kind === 'block' && item.type === 'field' && item.labels[0]?.text === field)
  site.report.error({
    code: 'tool/input-mismatch',
    summary: `${mcp.tool} of ${serverName(mcp)} ${text}`,
    detail:
      'So .flowrun.lock.hcl has it. Correct the input of the tool; without one, what the server takes is what the tool takes. Where the server has changed since, ask it again:\n  flowrun init -upgrade',
    subject: (written?.kind === 'block' ? written.labels[0]?.range : undefined) ?? input?.typeRange ?? block.headerRange,
    where: site.where,
    address: site.address,
    ...suggested,
  })
}
