import { existsSync, readFileSync } from 'node:fs'
import type { PriceSpec } from '../../src/artifact/model.ts'
import type { ProviderSpec } from '../../src/artifact/provider.ts'
import type { Usage } from '../../src/gateway/call.ts'
import type { FailureClass } from '../../src/gateway/failure-class.ts'
import { eventFrame } from './bedrock-server.ts'
import type { Recording } from './replay-server.ts'

/** A vendor with recorded answers of its API, in test/gateway/fixtures. */
export interface RecordedVendor {
  /** Of the folder. */
  readonly name: string
  readonly provider: Pick<ProviderSpec, 'type'> & Partial<ProviderSpec>
  /** Of the address after the host. */
  readonly path: string
  readonly id: string
  readonly embeddingId?: string
  /** Of the plain and of the streamed answer, which say the same. */
  readonly usage: Usage
  readonly price: PriceSpec
  /** Worked out by hand from `usage` and `price`. */
  readonly costNano: number
  /** Parameters that it has no word for, and that are left out with a warning. */
  readonly leavesOut: readonly string[]
  /** The vendor shows what the model thinks. */
  readonly showsThoughts: boolean
  /** The error of an answer that was withheld; absent: nothing is. */
  readonly withheld?: FailureClass
  readonly embeddingUsage?: number | null
  /** The model of embeddings takes some lengths alone, and 3 is none of them. */
  readonly fixedDimensions?: boolean
}

const nano = (dollars: number) => Math.round(dollars * 1e9)

const price = (input: number, output: number, cached: number, more: { readonly write?: number; readonly reasoning?: number } = {}) => ({
  above_input_tokens: 0,
  input_nano_per_m: nano(input),
  output_nano_per_m: nano(output),
  cached_input_nano_per_m: nano(cached),
  ...(more.write !== undefined && { cache_write_nano_per_m: nano(more.write) }),
  ...(more.reasoning !== undefined && { reasoning_nano_per_m: nano(more.reasoning) }),
})

const usage = (input: number, cachedInput: number, output: number, reasoning: number, cacheWrite = 0): Usage => ({
  input,
  cachedInput,
  cacheWrite,
  output,
  reasoning,
})

export const recordedVendors: readonly RecordedVendor[] = [
  {
    name: 'openai',
    leavesOut: ['top_k'],
    provider: { type: 'openai' },
    path: '/v1',
    id: 'gpt-5-mini',
    embeddingId: 'text-embedding-3-small',
    usage: usage(2006, 1920, 300, 128),
    price: price(0.25, 2, 0.025),
    // 86 × 0.25 + 1,920 × 0.025 + 300 × 2 = 21.5 + 48 + 600 millionths of a dollar
    costNano: 669_500,
    showsThoughts: false,
    withheld: 'content_filter',
    embeddingUsage: 8,
  },
  {
    name: 'openai-responses',
    leavesOut: ['top_k', 'seed', 'presence_penalty', 'frequency_penalty', 'stop'],
    provider: { type: 'openai', api: 'responses' },
    path: '/v1',
    id: 'gpt-5',
    embeddingId: 'text-embedding-3-small',
    usage: usage(328, 256, 640, 512),
    price: price(1.25, 10, 0.125),
    // 72 × 1.25 + 256 × 0.125 + 640 × 10 = 90 + 32 + 6,400
    costNano: 6_522_000,
    showsThoughts: false,
    withheld: 'content_filter',
    embeddingUsage: 8,
  },
  {
    name: 'openai-compatible',
    leavesOut: ['top_k'],
    provider: { type: 'openai_compatible' },
    path: '/v1',
    id: 'qwen3-32b',
    embeddingId: 'bge-m3',
    usage: usage(14, 8, 220, 180),
    price: price(0.1, 0.2, 0.05, { reasoning: 0.4 }),
    // 6 × 0.1 + 8 × 0.05 + 40 × 0.2 + 180 × 0.4 = 0.6 + 0.4 + 8 + 72: thoughts have a price of their own here
    costNano: 81_000,
    showsThoughts: true,
    withheld: 'content_filter',
    embeddingUsage: 8,
  },
  {
    name: 'anthropic',
    leavesOut: ['frequency_penalty', 'presence_penalty', 'seed'],
    provider: { type: 'anthropic' },
    path: '/v1',
    id: 'claude-sonnet-4-5',
    // The vendor counts what was read from and written to its cache apart: 50 + 1,800 + 248.
    usage: usage(2098, 1800, 503, 0, 248),
    price: price(3, 15, 0.3, { write: 3.75 }),
    // 50 × 3 + 1,800 × 0.3 + 248 × 3.75 + 503 × 15 = 150 + 540 + 930 + 7,545
    costNano: 9_165_000,
    showsThoughts: true,
    withheld: 'content_filter',
  },
  {
    name: 'google',
    leavesOut: ['frequency_penalty', 'presence_penalty'],
    provider: { type: 'google' },
    path: '/v1beta',
    id: 'gemini-2.5-flash',
    embeddingId: 'gemini-embedding-001',
    // The vendor counts thoughts apart from the answer: 180 + 420.
    usage: usage(2152, 2048, 600, 420),
    price: price(0.3, 2.5, 0.03),
    // 104 × 0.3 + 2,048 × 0.03 + 600 × 2.5 = 31.2 + 61.44 + 1,500
    costNano: 1_592_640,
    showsThoughts: true,
    withheld: 'content_filter',
    embeddingUsage: null,
  },
  {
    name: 'azure',
    leavesOut: ['top_k'],
    provider: { type: 'azure' },
    path: '/openai/v1',
    id: 'our-gpt-4o',
    embeddingId: 'our-embeddings',
    usage: usage(1566, 1408, 54, 0),
    price: price(2.5, 10, 1.25),
    // 158 × 2.5 + 1,408 × 1.25 + 54 × 10 = 395 + 1,760 + 540
    costNano: 2_695_000,
    showsThoughts: false,
    withheld: 'content_filter',
    embeddingUsage: 8,
  },
  {
    name: 'amazon-bedrock',
    leavesOut: ['frequency_penalty', 'presence_penalty', 'seed'],
    provider: { type: 'amazon_bedrock', region: 'eu-central-1' },
    path: '',
    id: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
    embeddingId: 'amazon.titan-embed-text-v2:0',
    // As Anthropic: 30 + 1,024 + 512.
    usage: usage(1566, 1024, 200, 0, 512),
    price: price(1, 5, 0.1, { write: 1.25 }),
    // 30 × 1 + 1,024 × 0.1 + 512 × 1.25 + 200 × 5 = 30 + 102.4 + 640 + 1,000
    costNano: 1_772_400,
    showsThoughts: true,
    withheld: 'content_filter',
    // Two texts are two requests of 4 tokens each.
    embeddingUsage: 8,
    fixedDimensions: true,
  },
  {
    name: 'mistral',
    leavesOut: ['top_k'],
    provider: { type: 'mistral' },
    path: '/v1',
    id: 'mistral-medium-2508',
    embeddingId: 'mistral-embed',
    usage: usage(820, 640, 96, 0),
    price: price(0.4, 2, 0.04),
    // 180 × 0.4 + 640 × 0.04 + 96 × 2 = 72 + 25.6 + 192
    costNano: 289_600,
    showsThoughts: true,
    embeddingUsage: 8,
  },
]

const FIXTURES = new URL('../gateway/fixtures/', import.meta.url)

function fixture(vendor: RecordedVendor, file: string): URL {
  return new URL(`${vendor.name}/${file}`, FIXTURES)
}

export function hasRecording(vendor: RecordedVendor, name: string): boolean {
  return existsSync(fixture(vendor, `${name}.json`))
}

/** An answer in one piece. */
export function recordingOf(vendor: RecordedVendor, name: string): Recording {
  return { status: 200, contentType: 'application/json', body: readFileSync(fixture(vendor, `${name}.json`)) }
}

/** An answer in pieces, in the vendor's framing. */
export function streamOf(vendor: RecordedVendor, name: string): Recording {
  const events = fixture(vendor, `${name}.events.json`)
  if (!existsSync(events))
    return { status: 200, contentType: 'text/event-stream; charset=utf-8', body: readFileSync(fixture(vendor, `${name}.sse`)) }
  const list: readonly (readonly [string, object])[] = JSON.parse(readFileSync(events, 'utf8'))
  const body = Buffer.concat(list.map(([event, data]) => eventFrame({ event, data })))
  return { status: 200, contentType: 'application/vnd.amazon.eventstream', body }
}

export interface RecordedError {
  readonly name: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: object
  readonly expect: { readonly class: FailureClass }
}

export function errorsOf(vendor: RecordedVendor): readonly RecordedError[] {
  return JSON.parse(readFileSync(fixture(vendor, 'errors.json'), 'utf8'))
}

/** The bodies that the vendor is sent, by what is asked; with UPDATE_FIXTURES=1 they are written anew. */
export function requestsFile(vendor: RecordedVendor): URL {
  return fixture(vendor, 'requests.json')
}
