import { FAULT_KINDS, PROVIDER_TYPES, type ProviderSpec, type SimulationSpec } from '../../artifact/provider.ts'
import { compact } from '../../base/compact.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { Block } from '../../hcl/ast.ts'
import { ANY, listOf, NUMBER, objectOf, STRING } from '../../hcl/type.ts'
import { bool, duration, integer, labels, number, oneOf, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, near, optional, repeated, required, single } from '../decode/body.ts'
import { deferredBool, deferredJson, deferredText, secretMap, secretText } from '../decode/deferred.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import type { BlockSite } from '../decode/site.ts'
import { createDeferredScope, type DeferredRoot } from '../deferred-scope.ts'
import { argumentRange } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'
import { rateLimitBody } from './model-blocks.ts'

/** Calls at once to a provider that says nothing else. */
export const DEFAULT_MAX_CONCURRENCY = 64

const providerBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    type: optional(text()),
    api_key: optional(secretText({ plainAllowed: false })),
    base_url: optional(text()),
    allow_private: defaulted(bool, false),
    organization: optional(text()),
    project: optional(text()),
    headers: defaulted(secretMap, {}),
    connect_timeout: defaulted(duration, 10_000),
    latency: optional(duration),
    seed: optional(integer(0)),
  },
  blocks: {
    ...META_BLOCKS,
    rate_limit: single(rateLimitBody),
    answer: repeated({
      arguments: {
        when: defaulted(deferredBool, true),
        text: optional(deferredText),
        json: optional(deferredJson),
        error: optional(oneOf(FAULT_KINDS)),
        latency: optional(duration),
        tokens_per_second: optional(integer(1)),
        finish_reason: defaulted(oneOf(['stop', 'length', 'content_filter', 'tool_calls']), 'stop'),
      },
      blocks: { tool_call: repeated({ arguments: { name: required(text()), arguments: required(deferredJson) } }) },
    }),
    fault: repeated({
      arguments: {
        error: required(oneOf(FAULT_KINDS)),
        rate: optional(number({ min: 0, max: 1 })),
        first: optional(integer(1)),
        when: defaulted(deferredBool, true),
        retry_after: optional(duration),
      },
    }),
  },
} as const satisfies BodySpec

/** The call that a simulated provider is asked to answer. */
const REQUEST: DeferredRoot = {
  label: 'The request',
  code: 'config/unknown-attribute',
  type: objectOf({
    model: STRING,
    system: STRING,
    text: STRING,
    messages: listOf(objectOf({ role: STRING, text: STRING })),
    tools: listOf(STRING),
    input: ANY,
    attempt: NUMBER,
  }),
}

type DecodedProvider = Decoded<typeof providerBody>

/** An account at a model vendor, or the simulation of one. */
export const provider: BlockDefinition<'provider'> = {
  kind: 'provider',
  summary: 'an account at a model vendor',
  stability: 'stable',
  body: providerBody,
  compile(block, site) {
    const scope = createDeferredScope(site.evaluation.scope, { roots: new Map([['request', REQUEST]]), used: new Set() })
    const decoded = decodeBody(block.body, providerBody, { ...site, deferred: { ...site.evaluation, scope } }, block)
    const type = decoded && providerType(block, decoded, site)
    if (decoded === undefined || type === undefined || !checkProvider(block, decoded, type, site)) return undefined
    const spec: ProviderSpec = compact({
      type,
      description: decoded.description,
      labels: decoded.labels,
      api_key: decoded.api_key,
      base_url: decoded.base_url,
      allow_private: decoded.allow_private,
      organization: decoded.organization,
      project: decoded.project,
      headers: decoded.headers,
      connect_timeout_ms: decoded.connect_timeout,
      rate_limit: { max_concurrency: DEFAULT_MAX_CONCURRENCY, ...compact(decoded.rate_limit ?? {}) },
      simulation: type === 'simulated' ? simulation(decoded) : undefined,
    })
    return { spec }
  },
}

function providerType(block: Block, decoded: DecodedProvider, site: BlockSite): ProviderSpec['type'] | undefined {
  const label = block.labels[0]
  const written = decoded.type ?? label?.text ?? ''
  const found = PROVIDER_TYPES.find(type => type === written)
  if (found) return found
  site.report.error({
    code: 'config/unknown-provider-type',
    summary: `There is no provider type "${written}"`,
    detail: `The types are ${enumerate(PROVIDER_TYPES, 'and')}.${decoded.type === undefined ? ` With another name, say the type: type = "${near(written, PROVIDER_TYPES).suggestions?.[0] ?? 'openai'}".` : ''}`,
    subject: argumentRange(block, 'type') ?? label?.range ?? block.headerRange,
    where: site.where,
    address: site.address,
    ...near(written, PROVIDER_TYPES),
  })
  return undefined
}

const SIMULATED_ONLY = ['latency', 'seed', 'answer', 'fault'] as const
const OPENAI_ONLY = ['organization', 'project'] as const

function checkProvider(block: Block, decoded: DecodedProvider, type: ProviderSpec['type'], site: BlockSite): boolean {
  const before = site.report.errorCount
  if (type !== 'simulated') refuse(block, SIMULATED_ONLY, 'a provider of type "simulated"', site)
  if (type !== 'openai') refuse(block, OPENAI_ONLY, 'a provider of type "openai"', site)
  for (const answer of decoded.answer) checkAnswer(answer, site)
  if (type === 'openai_compatible' && decoded.base_url === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The argument "base_url" is missing',
      detail: 'A provider of type "openai_compatible" has no usual address. Add it: base_url = "http://127.0.0.1:11434/v1".',
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
  if (decoded.base_url !== undefined) checkUrl(block, decoded.base_url, decoded.allow_private, site)
  const authorization = Object.keys(decoded.headers).find(name => name.toLowerCase() === 'authorization')
  if (authorization !== undefined && decoded.api_key !== undefined) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `The header "${authorization}" and "api_key" say the same thing twice`,
      detail: 'Keep one of them.',
      subject: argumentRange(block, 'headers') ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
  return site.report.errorCount === before
}

const ANSWERS = ['text', 'json', 'tool_call', 'error'] as const

function checkAnswer({ block, content }: DecodedProvider['answer'][number], site: BlockSite): void {
  const given = ANSWERS.filter(name => (name === 'tool_call' ? content.tool_call.length > 0 : content[name] !== undefined))
  if (given.length === 1) return
  const place = { subject: block.headerRange, where: site.where, address: site.address }
  if (given.length === 0) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'This answer says nothing',
      detail: `Give it one of ${enumerate(ANSWERS, 'and')}.`,
      ...place,
    })
  } else {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `This answer has ${enumerate(given, 'and')}, which exclude each other`,
      detail: 'Keep one of them; a second answer is a block of its own, with a condition: when = ….',
      ...place,
    })
  }
}

function refuse(block: Block, names: readonly string[], owner: string, site: BlockSite): void {
  for (const item of block.body.items) {
    const name = item.kind === 'attribute' ? item.name : item.type
    if (!names.includes(name)) continue
    site.report.error({
      code: item.kind === 'attribute' ? 'config/unsupported-argument' : 'config/unsupported-block',
      summary: `"${name}" belongs to ${owner}`,
      detail: 'Remove it here.',
      subject: item.kind === 'attribute' ? item.nameRange : item.typeRange,
      where: site.where,
      address: site.address,
    })
  }
}

/** Keys and prompts go over https, or stay on this machine, or somebody has said that a private network is meant. */
function checkUrl(block: Block, written: string, allowPrivate: boolean, site: BlockSite): void {
  const url = URL.canParse(written) ? new URL(written) : undefined
  const isLoopback = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && (isLoopback || allowPrivate)))) return
  site.report.error({
    code: 'config/insecure-url',
    summary: url === undefined ? `"${written}" is not a URL` : `"${written}" is not encrypted`,
    detail:
      'Write an https:// address. http:// is accepted for this machine (127.0.0.1, localhost), and elsewhere with allow_private = true.',
    subject: argumentRange(block, 'base_url') ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function simulation(decoded: DecodedProvider): SimulationSpec {
  return {
    latency_ms: decoded.latency ?? 0,
    seed: decoded.seed ?? 1,
    answers: decoded.answer.map(({ content: { latency, tool_call, ...answer } }) =>
      compact({ ...answer, latency_ms: latency, tool_calls: tool_call.length === 0 ? undefined : tool_call.map(call => call.content) }),
    ),
    faults: decoded.fault.map(({ content: { retry_after, ...fault } }) => compact({ ...fault, retry_after_ms: retry_after })),
  }
}
