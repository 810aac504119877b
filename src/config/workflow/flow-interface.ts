import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { fromJsonSchema } from '../../hcl/json-schema.ts'
import { ANY, type ObjectType, plainType, STRING, type Type } from '../../hcl/type.ts'
import type { BlockSite } from '../decode/site.ts'
import type { CompiledBlock } from '../instance.ts'
import { findAttribute } from '../instances.ts'
import { isBlockReference } from '../reference.ts'

/** What a prompt, a flow or a tool takes and gives, as far as it is known now. */
export interface FlowInterface {
  readonly address: string
  /** Absent: it takes nothing. `any`: what it takes is not known. */
  readonly input: ObjectType | 'any' | undefined
  readonly output: Type
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  /** Absent where nothing of it is known. */
  readonly compiled?: CompiledBlock
}

/**
 * The interface of the block that an argument refers to. Of a pinned version nothing is known: it may have been anything.
 *
 * @returns undefined after an error was reported.
 */
function interfaceOf(expression: Expression, site: BlockSite): FlowInterface | undefined {
  const value = evaluate(expression, site.evaluation)
  if (value.kind !== 'capsule' || !isBlockReference(value.content)) return undefined
  const { label, compiled, pin } = value.content
  if (pin !== undefined || compiled === undefined) return { address: label, input: 'any', output: ANY }
  const block = compiled()
  return block && { address: label, ...ioOf(block), compiled: block }
}

/** The same for an argument of a block, by its name. */
export function calledBy(block: Block, argument: string, site: BlockSite): FlowInterface | undefined {
  const expression = findAttribute(block, argument)?.expression
  return expression && interfaceOf(expression, site)
}

type Io = Omit<FlowInterface, 'address' | 'compiled'>

function ioOf({ artifact }: CompiledBlock): Io {
  switch (artifact.kind) {
    case 'prompt':
      return io(artifact.spec.input, artifact.spec.output, STRING)
    case 'workflow':
      return io(artifact.spec.input, artifact.spec.output?.schema, ANY)
    case 'tool': {
      const { input, output, mcp, bind } = artifact.spec
      const known = io(input, output, ANY)
      // What an MCP server takes is its own business unless the block says it.
      if (mcp && input === undefined) return { ...known, input: 'any' }
      return { ...known, input: known.input === 'any' ? 'any' : withoutBound(known.input, bind) }
    }
    default:
      return { input: 'any', output: ANY }
  }
}

function io(input: JsonSchema | undefined, output: JsonSchema | undefined, usual: Type): Io {
  return {
    input: input === undefined ? undefined : inputType(input),
    output: output === undefined ? usual : fromJsonSchema(output),
    ...(input && { inputSchema: input }),
    ...(output && { outputSchema: output }),
  }
}

function inputType(schema: JsonSchema): ObjectType | 'any' {
  const type = plainType(fromJsonSchema(schema))
  return type.kind === 'object' ? type : 'any'
}

/** What a tool binds, nobody else gives. */
function withoutBound(input: ObjectType | undefined, bind: object = {}): ObjectType | undefined {
  return input && { kind: 'object', attributes: new Map([...input.attributes].filter(([name]) => !Object.hasOwn(bind, name))) }
}

/** Where a block declares a field of its input, or its input at all. */
export function declaredAt({ compiled }: FlowInterface, field?: string): SourceRange | undefined {
  const input = compiled?.block.body.items.find(item => item.kind === 'block' && item.type === 'input')
  if (input?.kind !== 'block') return undefined
  const found = input.body.items.find(item => item.kind === 'block' && item.type === 'field' && item.labels[0]?.text === field)
  if (found?.kind !== 'block') return input.typeRange
  return findAttribute(found, 'type')?.expression.range ?? found.headerRange
}
