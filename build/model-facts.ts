import type { Capability } from '../src/artifact/model.ts'

/** What price lists do not say. The first fact whose pattern matches the whole id holds. Sources: the vendors' model pages, 2026-11. */
export interface ModelFacts {
  readonly id: RegExp
  readonly capabilities: readonly Capability[]
  readonly contextWindow?: number
  /** Where the price list has none. */
  readonly usualWindow?: number
  readonly maxOutputTokens?: number
  readonly dimensions?: number
}

const text: readonly Capability[] = ['streaming', 'system', 'tools']
const classic: readonly Capability[] = [...text, 'json_mode', 'parallel_tools', 'seed']
const omni: readonly Capability[] = [...classic, 'files', 'images', 'json_schema']
const reasoning: readonly Capability[] = [...text, 'files', 'images', 'json_mode', 'json_schema', 'parallel_tools', 'reasoning']
const claude: readonly Capability[] = [...text, 'images', 'parallel_tools']
const claudeFiles: readonly Capability[] = [...claude, 'files']
const claudeReasoning: readonly Capability[] = [...claudeFiles, 'reasoning']
const claudeSchema: readonly Capability[] = [...claudeReasoning, 'json_schema']

export const openaiFacts: readonly ModelFacts[] = [
  { id: /text-embedding-3-small/, capabilities: [], dimensions: 1536 },
  { id: /text-embedding-3-large/, capabilities: [], dimensions: 3072 },
  { id: /text-embedding-ada-002/, capabilities: [], dimensions: 1536 },
  { id: /gpt-3\.5-turbo.*/, capabilities: classic, maxOutputTokens: 4096 },
  { id: /gpt-4-(turbo|1106|0125).*/, capabilities: [...classic, 'images'], maxOutputTokens: 4096 },
  { id: /gpt-4(-\d{4})?/, capabilities: [...text, 'seed'], maxOutputTokens: 8192 },
  { id: /gpt-4o-2024-05-13/, capabilities: [...classic, 'images'], maxOutputTokens: 4096 },
  { id: /chatgpt-4o-latest/, capabilities: ['streaming', 'system', 'images', 'json_mode', 'seed'], maxOutputTokens: 16384 },
  { id: /(ft:)?gpt-4o.*/, capabilities: omni, contextWindow: 128000, maxOutputTokens: 16384 },
  { id: /gpt-4\.1.*/, capabilities: omni, contextWindow: 1047576, maxOutputTokens: 32768 },
  { id: /gpt-5(\.\d)?-chat.*|gpt-5\.3/, capabilities: omni, contextWindow: 128000, maxOutputTokens: 16384 },
  { id: /gpt-5-pro.*/, capabilities: reasoning, maxOutputTokens: 272000 },
  { id: /gpt-[56].*/, capabilities: reasoning, maxOutputTokens: 128000 },
  { id: /o1-mini.*/, capabilities: ['reasoning', 'streaming'], maxOutputTokens: 65536 },
  { id: /o1-preview.*/, capabilities: ['reasoning', 'streaming'], maxOutputTokens: 32768 },
  { id: /o3-mini.*/, capabilities: [...text, 'json_mode', 'json_schema', 'reasoning'], maxOutputTokens: 100000 },
  { id: /o[134](-|$).*/, capabilities: [...text, 'files', 'images', 'json_mode', 'json_schema', 'reasoning'], maxOutputTokens: 100000 },
]

export const anthropicFacts: readonly ModelFacts[] = [
  { id: /claude-3-(haiku|sonnet|opus).*/, capabilities: claude, maxOutputTokens: 4096 },
  { id: /claude-3-5-.*/, capabilities: claudeFiles, maxOutputTokens: 8192 },
  { id: /claude-3-7-.*/, capabilities: claudeReasoning, maxOutputTokens: 64000 },
  { id: /claude-(opus-4(-0|-2025.*)?|4-opus.*)/, capabilities: claudeReasoning, maxOutputTokens: 32000 },
  { id: /claude-opus-4-1.*/, capabilities: claudeSchema, maxOutputTokens: 32000 },
  { id: /claude-(sonnet-4(-0|-2025.*)?|4-sonnet.*)/, capabilities: claudeReasoning, maxOutputTokens: 64000 },
  { id: /claude-(opus|sonnet|haiku)-4-5.*/, capabilities: claudeSchema, maxOutputTokens: 64000 },
  { id: /claude-(opus|sonnet)-4-[678].*/, capabilities: claudeSchema, maxOutputTokens: 128000 },
  { id: /claude-(opus|sonnet|haiku|fable)-5.*/, capabilities: claudeSchema, contextWindow: 1000000, maxOutputTokens: 128000 },
]

const gemini: readonly Capability[] = [...omni, 'audio']
const geminiReasoning: readonly Capability[] = [...gemini, 'reasoning']

export const googleFacts: readonly ModelFacts[] = [
  { id: /gemini-embedding-.*/, capabilities: [], dimensions: 3072 },
  { id: /gemini-2\.0-.*/, capabilities: gemini, contextWindow: 1048576, maxOutputTokens: 8192 },
  { id: /gemini-.*/, capabilities: geminiReasoning, contextWindow: 1048576, maxOutputTokens: 65536 },
]

const nova: readonly Capability[] = [...text, 'files', 'images', 'json_schema']

/** Of ids without the part before the vendor; Claude is as Anthropic has it. */
export const bedrockFacts: readonly ModelFacts[] = [
  { id: /amazon\.titan-embed-text-v1/, capabilities: [], dimensions: 1536 },
  { id: /amazon\.titan-embed-text-v2.*/, capabilities: [], contextWindow: 8192, dimensions: 1024 },
  { id: /amazon\.nova-micro.*/, capabilities: [...text, 'json_schema'], maxOutputTokens: 10000 },
  { id: /amazon\.nova-2-lite.*/, capabilities: [...nova, 'reasoning'], maxOutputTokens: 65536 },
  { id: /amazon\.nova-.*/, capabilities: nova, maxOutputTokens: 10000 },
  { id: /openai\.gpt.*/, capabilities: [...text, 'reasoning'] },
  { id: /meta\.llama(3-2-(11|90)|4).*/, capabilities: [...text, 'images'] },
  { id: /meta\.llama3-[123].*|mistral\.(mistral-large|pixtral|ministral|devstral|magistral).*|qwen\..*|writer\..*/, capabilities: text },
]

const mistralText: readonly Capability[] = [...classic, 'json_schema']
const mistralVision: readonly Capability[] = [...mistralText, 'files', 'images']

export const mistralFacts: readonly ModelFacts[] = [
  { id: /mistral-embed/, capabilities: [], dimensions: 1024 },
  { id: /codestral-embed.*/, capabilities: [], usualWindow: 8192, dimensions: 1536 },
  { id: /magistral.*/, capabilities: [...mistralVision, 'reasoning'], usualWindow: 131072 },
  { id: /mistral-(small-(2603|latest)|medium-(3|latest).*)/, capabilities: [...mistralVision, 'reasoning'], usualWindow: 262144 },
  { id: /mistral-(medium(-2505|-2508)?|large-2512)|ministral-.*-2512|pixtral.*/, capabilities: mistralVision, usualWindow: 131072 },
  { id: /mistral-(large|small|nemo|saba).*|open-mistral-nemo/, capabilities: mistralText, usualWindow: 131072 },
  { id: /codestral.*|(labs-)?devstral.*|ministral.*/, capabilities: mistralText, usualWindow: 131072 },
]

export type CatalogueVendor = 'openai' | 'anthropic' | 'google' | 'amazon_bedrock' | 'mistral'

/** Models that the price list does not have yet. What is not known of them is left out, so their price stays unknown. */
export const newerModels: Readonly<Record<CatalogueVendor, readonly { readonly id: string; readonly contextWindow: number }[]>> = {
  openai: [
    { id: 'gpt-6.1-sol', contextWindow: 1050000 },
    { id: 'gpt-6.2-sol', contextWindow: 1050000 },
  ],
  anthropic: [
    { id: 'claude-sonnet-5-5', contextWindow: 1000000 },
    { id: 'claude-haiku-5-5', contextWindow: 1000000 },
  ],
  google: [],
  amazon_bedrock: [{ id: 'amazon.titan-embed-text-v2:0', contextWindow: 8192 }],
  mistral: [{ id: 'codestral-embed*', contextWindow: 8192 }],
}

/** The day from which the vendor answers no more, of models that have one. */
export const retirements: Readonly<Record<string, string>> = {
  'chatgpt-4o-latest': '2026-02-17',
  'gpt-3.5-turbo': '2026-10-23',
  'gpt-3.5-turbo-0125': '2026-10-23',
  'gpt-4': '2026-10-23',
  'gpt-4-0613': '2026-10-23',
  'gpt-4.5-preview': '2025-07-14',
  'gpt-5-chat-latest': '2026-07-23',
  'gpt-5-codex': '2026-07-23',
  'gpt-5.1-chat-latest': '2026-07-23',
  'gpt-5.1-codex': '2026-07-23',
  'gpt-5.1-codex-max': '2026-07-23',
  'gpt-5.1-codex-mini': '2026-07-23',
  'gpt-5.2-chat-latest': '2026-08-10',
  'gpt-5.2-codex': '2026-07-23',
  'gpt-5.3-chat-latest': '2026-08-10',
  'o1-mini': '2025-10-27',
  'o1-preview': '2025-07-28',
  'o3-deep-research': '2026-07-23',
  'o4-mini-deep-research': '2026-07-23',
  'claude-3-sonnet': '2025-07-21',
  'claude-3-haiku': '2026-04-20',
  'claude-3-5-sonnet': '2025-10-28',
  'claude-3-opus': '2026-01-05',
  'claude-3-5-haiku': '2026-02-19',
  'claude-3-7-sonnet': '2026-02-19',
  'claude-sonnet-4-0': '2026-06-15',
  'claude-sonnet-4-20250514': '2026-06-15',
  'claude-opus-4-0': '2026-06-15',
  'claude-opus-4-20250514': '2026-06-15',
}
