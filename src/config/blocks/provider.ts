import {
  FAULT_KINDS,
  PROVIDER_APIS,
  PROVIDER_TYPES,
  type ProviderSpec,
  type ProviderType,
  type SimulationSpec,
} from '../../artifact/provider.ts'
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
    region: optional(text({ pattern: /^[a-z]{2,}(-[a-z0-9]+)+$/, shape: 'Write a region of AWS: "eu-central-1".' })),
    api_version: optional(text({ pattern: /^[A-Za-z0-9-]+$/, shape: 'Write a version of the API: "2025-04-01-preview".' })),
    api: optional(oneOf(PROVIDER_APIS)),
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
      region: decoded.region,
      api_version: decoded.api_version,
      api: decoded.api,
      headers: decoded.headers,
      connect_timeout_ms: decoded.connect_timeout,
      rate_limit: { max_concurrency: DEFAULT_MAX_CONCURRENCY, ...compact(decoded.rate_limit ?? {}) },
      simulation: type === 'simulated' ? simulation(decoded) : undefined,
    })
    return { spec }
  },
}

function providerType(block: Block, decoded: DecodedProvider, site: BlockSite): ProviderType | undefined {
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

/** What only some types know, and which. */
const OWNERS: Readonly<Record<string, readonly ProviderType[]>> = {
  latency: ['simulated'],
  seed: ['simulated'],
  answer: ['simulated'],
  fault: ['simulated'],
  organization: ['openai'],
  project: ['openai'],
  region: ['amazon_bedrock'],
  api_version: ['azure'],
  api: ['openai', 'azure'],
}

/** What a type cannot do without, and how it may look. */
const NEEDED: Readonly<
  Partial<Record<ProviderType, { readonly name: 'base_url' | 'region'; readonly why: string; readonly example: string }>>
> = {
  openai_compatible: { name: 'base_url', why: 'has no usual address', example: 'http://127.0.0.1:11434/v1' },
  azure: { name: 'base_url', why: 'has an address of its own for each resource', example: 'https://acme.openai.azure.com' },
  amazon_bedrock: { name: 'region', why: 'keeps its models, and what is sent to them, in one region', example: 'eu-central-1' },
}

function checkProvider(block: Block, decoded: DecodedProvider, type: ProviderType, site: BlockSite): boolean {
  const before = site.report.errorCount
  refuseForeign(block, type, site)
  for (const answer of decoded.answer) checkAnswer(answer, site)
  checkNeeded(block, decoded, type, site)
  if (decoded.api === 'responses' && decoded.api_version !== undefined) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: 'The responses API has no "api_version"',
      detail: 'Azure answers it at its v1 API alone. Remove api_version, or take api = "chat".',
      subject: argumentRange(block, 'api_version') ?? block.headerRange,
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

function checkNeeded(block: Block, decoded: DecodedProvider, type: ProviderType, site: BlockSite): void {
  const needed = NEEDED[type]
  if (needed === undefined || decoded[needed.name] !== undefined) return
  site.report.error({
    code: 'config/missing-argument',
    summary: `The argument "${needed.name}" is missing`,
    detail: `A provider of type "${type}" ${needed.why}. Add it: ${needed.name} = "${needed.example}".`,
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function refuseForeign(block: Block, type: ProviderType, site: BlockSite): void {
  for (const item of block.body.items) {
    const name = item.kind === 'attribute' ? item.name : item.type
    const owners = Object.hasOwn(OWNERS, name) ? OWNERS[name] : undefined
    if (owners === undefined || owners.includes(type)) continue
    site.report.error({
      code: item.kind === 'attribute' ? 'config/unsupported-argument' : 'config/unsupported-block',
      summary: `"${name}" belongs to a provider of type ${enumerate(
        owners.map(owner => `"${owner}"`),
        'or',
      )}`,
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
