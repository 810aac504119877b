import { isJsonObject, type JsonObject, type JsonValue } from '../../base/json.ts'

/** What a message, or a piece of one, says. */
export interface ChatContent {
  readonly text: string
  /** The model's own words on why it does not answer; shown in the place of the answer. */
  readonly refusal: string
  readonly thoughts: string
}

/** @returns undefined where the content is of no form of the protocol. */
export function chatContent({ content, refusal, reasoning_content, reasoning }: JsonObject): ChatContent | undefined {
  const said = partsOf(content ?? '')
  if (said === undefined) return undefined
  return {
    text: said.text,
    refusal: textOf(refusal),
    // vLLM and others say `reasoning_content`, some that serve gpt-oss `reasoning`.
    thoughts: textOf(reasoning_content ?? reasoning) + said.thoughts,
  }
}

/** Text as it is, or in parts with thoughts among them. */
function partsOf(content: JsonValue): Pick<ChatContent, 'text' | 'thoughts'> | undefined {
  if (typeof content === 'string') return { text: content, thoughts: '' }
  if (!Array.isArray(content)) return undefined
  const parts = content.filter(isJsonObject)
  return {
    text: joined(parts, 'text'),
    thoughts: parts
      .map(({ type, thinking }) => (type === 'thinking' && Array.isArray(thinking) ? joined(thinking.filter(isJsonObject), 'text') : ''))
      .join(''),
  }
}

function joined(parts: readonly JsonObject[], of: string): string {
  return parts.map(({ type, text }) => (type === of ? textOf(text) : '')).join('')
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}
