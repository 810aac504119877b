import type { ParamsSpec } from '../../artifact/model.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import type { CallTool, ModelCall, ModelTarget } from '../call.ts'
import { isStrict } from '../output-schema.ts'
import { chatMessages, type MessageForms } from './chat-messages.ts'
import type { ModelTraits } from './openai-family.ts'
import { type OpenAiSchema, openaiSchema } from './openai-schema.ts'
import { type SentOutput, sentOutput } from './output-mode.ts'
import { merged } from './provider-options.ts'

/** What differs between servers that speak chat completions. */
export interface ChatDialect extends Omit<MessageForms, 'systemRole'> {
  /** What the model takes; undefined: whatever it is sent. */
  traitsOf(target: ModelTarget): ModelTraits | undefined
  /** The server refuses keywords of JSON Schema that it does not know. */
  readonly narrowSchemas: boolean
}

export interface ChatRequest {
  readonly body: string
  /** What could not be sent as asked. */
  readonly warnings: readonly string[]
}

/** @throws CallFailure `bad_request` for what cannot be said in the protocol. */
export function chatRequest(call: ModelCall, dialect: ChatDialect): ChatRequest {
  const { target, tools = [], onEvent } = call
  const { spec } = target
  const traits = dialect.traitsOf(target)
  const warnings: string[] = []
  const output = sentOutput(call)
  const schemaOf = (schema: OpenAiSchema['schema']) => {
    if (!dialect.narrowSchemas) return schema
    const narrow = openaiSchema(schema)
    warnings.push(...narrow.warnings)
    return narrow.schema
  }
  const format = formatOf(output, schemaOf)
  const sent: JsonObject = {
    model: spec.id,
    ...paramsOf(call.params, traits, tools, warnings),
    ...(format && { response_format: format }),
    messages: chatMessages(output.messages, target, { ...dialect, systemRole: traits?.thinks ? 'developer' : 'system' }),
    ...(tools.length > 0 && { tools: tools.map(tool => functionOf(tool, schemaOf)) }),
    ...(onEvent && { stream: true, stream_options: { include_usage: true } }),
  }
  const options = spec.provider_options
  return { body: JSON.stringify(options === undefined ? sent : merged(options, sent)), warnings }
}

type SchemaForm = (schema: OpenAiSchema['schema']) => JsonObject

function formatOf({ mode, schema }: SentOutput, schemaOf: SchemaForm): JsonObject | undefined {
  if (schema === undefined || mode === 'instructions') return undefined
  if (mode === 'json_mode') return { type: 'json_object' }
  return { type: 'json_schema', json_schema: { name: 'answer', strict: isStrict(schema), schema: schemaOf(schema) } }
}

function functionOf({ name, description, input }: CallTool, schemaOf: SchemaForm): JsonObject {
  return { type: 'function', function: { name, ...(description !== undefined && { description }), parameters: schemaOf(input) } }
}

/** What steers sampling: refused by models that think. */
const SAMPLING = ['temperature', 'top_p', 'frequency_penalty', 'presence_penalty'] as const

function paramsOf(params: ParamsSpec, traits: ModelTraits | undefined, tools: readonly CallTool[], warnings: string[]): JsonObject {
  const { max_output_tokens: limit, top_k: topK, reasoning_effort: asked, stop, seed } = params
  const sent: Record<string, JsonValue> = {}
  if (topK !== undefined) warnings.push('top_k is not supported')
  const effort = effortOf(asked, traits, tools, warnings)
  for (const name of SAMPLING) {
    const value = params[name]
    if (value === undefined) continue
    const why = refusalOf(name, effort, traits)
    if (why === undefined) sent[name] = value
    else warnings.push(`${name} is not supported ${why}`)
  }
  if (limit !== undefined) sent[traits?.thinks ? 'max_completion_tokens' : 'max_tokens'] = limit
  if (stop !== undefined) sent.stop = stop
  if (seed !== undefined) sent.seed = seed
  if (effort !== undefined) sent.reasoning_effort = effort
  return sent
}

function refusalOf(name: (typeof SAMPLING)[number], effort: string | undefined, traits: ModelTraits | undefined): string | undefined {
  if (traits === undefined) return undefined
  if (!traits.thinks) return name === 'temperature' && !traits.takesTemperature ? 'for search preview models' : undefined
  const isSampled = name === 'temperature' || name === 'top_p'
  return isSampled && effort === 'none' && traits.samplesWithoutThought ? undefined : 'for reasoning models'
}

/** The effort that was asked for, or the least that the model takes. */
function effortOf(
  asked: ParamsSpec['reasoning_effort'],
  traits: ModelTraits | undefined,
  tools: readonly CallTool[],
  warnings: string[],
): string | undefined {
  if (traits?.thinksWithoutToolsOnly && tools.length > 0) {
    if (asked !== undefined && asked !== 'none') warnings.push('reasoning_effort is not supported together with tools; "none" was sent')
    return 'none'
  }
  if (asked === undefined || (traits?.efforts?.includes(asked) ?? true)) return asked
  const least = traits?.efforts?.[0]
  warnings.push(`reasoning_effort "${asked}" is not supported; "${least}" was sent`)
  return least
}
