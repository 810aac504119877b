import { openaiFilePart } from './chat-files.ts'
import type { ChatDialect } from './chat-request.ts'
import type { SupportedUrls } from './fetched-files.ts'
import { traitsOf } from './openai-family.ts'

/** Chat completions as OpenAI takes them, which knows its models by their ids. */
export const openaiDialect = Object.freeze<ChatDialect>({
  traitsOf: ({ spec }) => traitsOf(spec.id),
  narrowSchemas: true,
  filePart: openaiFilePart,
  failedTool: text => JSON.stringify({ error: text }),
})

/** OpenAI fetches pictures. */
export const OPENAI_FETCHES: SupportedUrls = Object.freeze({ 'image/*': [/^https?:\/\//] })
