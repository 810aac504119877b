import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { CallFile, CallMessage, ModelCall, ModelTarget } from '../call.ts'
import { vendorOptions } from './ai-sdk-options.ts'
import { argumentsOf } from './ai-sdk-trail.ts'
import { sentOutput } from './output-mode.ts'

/** A call in the SDK's terms; headers are not in it. */
export function requestOf(call: ModelCall): LanguageModelV4CallOptions {
  const { params, tools } = call
  const { mode, schema: sent, messages } = sentOutput(call)
  return {
    prompt: messagesOf(messages, call.target),
    abortSignal: call.signal,
    ...(params.max_output_tokens !== undefined && { maxOutputTokens: params.max_output_tokens }),
    ...(params.temperature !== undefined && { temperature: params.temperature }),
    ...(params.top_p !== undefined && { topP: params.top_p }),
    ...(params.top_k !== undefined && { topK: params.top_k }),
    ...(params.stop !== undefined && { stopSequences: [...params.stop] }),
    ...(params.seed !== undefined && { seed: params.seed }),
    ...(params.frequency_penalty !== undefined && { frequencyPenalty: params.frequency_penalty }),
    ...(params.presence_penalty !== undefined && { presencePenalty: params.presence_penalty }),
    ...(params.reasoning_effort !== undefined && { reasoning: params.reasoning_effort }),
    ...(sent && mode === 'json_schema' && { responseFormat: { type: 'json', name: 'answer', schema: sdkSchema(sent) } }),
    ...(sent && mode === 'json_mode' && { responseFormat: { type: 'json' } }),
    providerOptions: vendorOptions(call, sent),
    ...(tools &&
      tools.length > 0 && {
        tools: tools.map(tool => ({
          type: 'function',
          name: tool.name,
          inputSchema: sdkSchema(tool.input),
          ...(tool.description !== undefined && { description: tool.description }),
        })),
      }),
  }
}

/** JSON Schema 2020-12 where the SDK's types say draft 7: it passes both on as they are. */
function sdkSchema(schema: JsonSchema): JSONSchema7 {
  return schema as JSONSchema7
}

function messagesOf(messages: readonly CallMessage[], target: ModelTarget): LanguageModelV4Message[] {
  const sent: LanguageModelV4Message[] = []
  for (const message of messages) {
    const last = sent.at(-1)
    const result = message.role === 'tool' ? resultPart(message) : undefined
    // All results of one turn are one message: vendors refuse a call that is not answered at once.
    if (result === undefined) sent.push(messageOf(message, target))
    else if (last?.role === 'tool') last.content.push(result)
    else sent.push({ role: 'tool', content: [result] })
  }
  return sent
}

function messageOf(message: CallMessage, target: ModelTarget): LanguageModelV4Message {
  const { role, text, files = [] } = message
  if (role === 'system') return { role, content: text }
  if (role === 'assistant') return { role, content: assistantParts(message, target) }
  // Files first: vendors advise to put what a question is about before the question.
  return { role: 'user', content: [...files.map(filePart), ...(text === '' ? [] : [{ type: 'text' as const, text }])] }
}

type AssistantParts = Extract<LanguageModelV4Message, { role: 'assistant' }>['content']

function assistantParts({ text, toolCalls = [], trail }: CallMessage, { spec, provider }: ModelTarget): AssistantParts {
  // Its parts were taken from an answer of the same package.
  if (trail?.type === provider.spec.type && trail.model === spec.id) return trail.parts as unknown as AssistantParts
  return [
    ...(text === '' && toolCalls.length > 0 ? [] : [{ type: 'text' as const, text }]),
    ...toolCalls.map(call => ({
      type: 'tool-call' as const,
      toolCallId: call.id,
      toolName: call.name,
      input: argumentsOf(call.arguments),
    })),
  ]
}

function resultPart({ text, result }: CallMessage): LanguageModelV4ToolResultPart {
  const { id = '', name = '', failed = false } = result ?? {}
  return { type: 'tool-result', toolCallId: id, toolName: name, output: { type: failed ? 'error-text' : 'text', value: text } }
}

function filePart(file: CallFile): LanguageModelV4FilePart {
  return {
    type: 'file',
    mediaType: file.mediaType,
    ...(file.name !== undefined && { filename: file.name }),
    data: 'data' in file ? { type: 'data', data: file.data } : { type: 'url', url: new URL(file.url) },
  }
}
