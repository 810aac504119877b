import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { CallMessage, ModelCall } from '../call.ts'
import { schemaInstructions, schemaToSend } from '../output-schema.ts'

/** How the model is told the shape of its answer, by what it can: the schema itself, `json_mode` beside instructions, or those alone. */
export type OutputMode = 'json_schema' | 'json_mode' | 'instructions'

export function outputModeOf({ target }: ModelCall): OutputMode {
  const { capabilities } = target.spec
  if (capabilities.includes('json_schema')) return 'json_schema'
  return capabilities.includes('json_mode') ? 'json_mode' : 'instructions'
}

/** What is sent of the type of the answer, and the messages, with the type written into them where there is no other way. */
export interface SentOutput {
  readonly mode: OutputMode
  /** Absent: the answer is text. */
  readonly schema?: JsonSchema
  readonly messages: readonly CallMessage[]
}

export function sentOutput(call: ModelCall): SentOutput {
  const { output, messages } = call
  const mode = outputModeOf(call)
  if (output === undefined) return { mode, messages }
  const schema = schemaToSend(output)
  if (mode === 'json_schema') return { mode, schema, messages }
  return { mode, schema, messages: withInstructions(messages, schemaInstructions(mode === 'json_mode' ? schema : output)) }
}

function withInstructions(messages: readonly CallMessage[], instructions: string): readonly CallMessage[] {
  const index = messages.findLastIndex(message => message.role === 'system')
  if (index < 0) return [{ role: 'system', text: instructions }, ...messages]
  return messages.map((message, at) => (at === index ? { ...message, text: `${message.text.trimEnd()}\n\n${instructions}` } : message))
}
