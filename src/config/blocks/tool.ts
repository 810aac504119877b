import { REPLAYS, type ToolSpec } from '../../artifact/tool.ts'
import { compact } from '../../base/compact.ts'
import { enumerate } from '../../base/enumerate.ts'
import type { Block } from '../../hcl/ast.ts'
import { ANY } from '../../hcl/type.ts'
import { bytes, duration, json, labels, oneOf, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, optional, single } from '../decode/body.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import { reference, references } from '../decode/reference.ts'
import { isSafe } from '../decode/safe-url.ts'
import type { BlockSite } from '../decode/site.ts'
import { createDeferredScope, type DeferredRoot } from '../deferred-scope.ts'
import { findAttribute } from '../instances.ts'
import { calledBy } from '../workflow/flow-interface.ts'
import { argumentRange, nestedBlock } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'
import { decodeIo, decodeValidations, type IoDeclaration } from './io.ts'
import { retryBody } from './model-blocks.ts'
import { checkBind } from './tool-bind.ts'
import { commandBody, httpBody, mcpBody, toHttpSpec, toMcpSpec } from './tool-blocks.ts'
import { lockedTool } from './tool-lock.ts'

const earlier = { labels: [], many: false, decode: (block: Block) => block } as const

const { max_attempts: _, ...retryArguments } = retryBody.arguments

const toolBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    name: optional(text({ pattern: /^[a-zA-Z0-9_-]{1,64}$/, shape: 'It has letters, digits, "_" and "-", at most 64: a model sees it.' })),
    flow: optional(reference('workflow', 'prompt')),
    bind: optional(json),
    replay: optional(oneOf(REPLAYS)),
    on_unknown: defaulted(oneOf(['pause', 'fail']), 'pause'),
    timeout: defaulted(duration, 30_000),
    max_result_bytes: defaulted(bytes, 64_000),
    result_guards: defaulted(references('guard'), []),
  },
  blocks: {
    ...META_BLOCKS,
    input: earlier,
    output: earlier,
    http: single(httpBody),
    mcp: single(mcpBody),
    command: single(commandBody),
    retry: single({ arguments: { ...retryArguments, max_attempts: optional(retryBody.arguments.max_attempts.decode) } }),
  },
} as const satisfies BodySpec

type DecodedTool = Decoded<typeof toolBody>

/** Attempts of a call that may be made twice; one that may not has one. */
const USUAL_ATTEMPTS = 3
const WAYS = ['flow', 'http', 'mcp', 'command'] as const
const READING_METHODS: readonly string[] = ['GET', 'HEAD']

/** Something that an agent or a node can call. */
export const tool: BlockDefinition<'tool'> = {
  kind: 'tool',
  summary: 'something that an agent or a node can call',
  stability: 'stable',
  body: toolBody,
  compile(block, site) {
    const before = site.report.errorCount
    const [input, output] = [declared(block, 'input', site), declared(block, 'output', site)]
    const inner = siteWith(site, {
      input: { label: `The input of ${site.address}`, code: 'config/unknown-input', ...rootOf(block, 'input', input) },
    })
    const decoded = decodeBody(block.body, toolBody, inner, block)
    if (decoded === undefined) return undefined
    checkWays(block, site)
    checkRetry(block, decoded, site)
    checkMcp(block, decoded, site)
    const called = decoded.flow && calledBy(block, 'flow', site)
    const inputValidation = decodeValidations(input?.validations ?? [], inner)
    const outputSite = siteWith(site, {
      output: { label: `The output of ${site.address}`, code: 'config/unknown-attribute', ...rootOf(block, 'output', output) },
    })
    const outputValidation = decodeValidations(output?.validations ?? [], outputSite)
    const locked = decoded.mcp && lockedTool(block, toMcpSpec(decoded.mcp), input?.schema, site)
    const inputSchema = input?.schema ?? called?.inputSchema ?? locked?.input
    const bind = checkBind(block, decoded.bind, inputSchema, site)
    if (site.report.errorCount > before || (decoded.flow && called === undefined)) return undefined
    const replay = replayOf(decoded)
    const { http, mcp, command, retry } = decoded
    const spec: ToolSpec = compact({
      description: decoded.description,
      labels: decoded.labels,
      name: decoded.name ?? block.labels[0]?.text ?? '',
      input: inputSchema,
      input_validation: inputValidation.length > 0 ? inputValidation : undefined,
      output: output?.schema ?? called?.outputSchema,
      output_validation: outputValidation.length > 0 ? outputValidation : undefined,
      flow: decoded.flow,
      http: http && toHttpSpec(http),
      mcp: mcp && toMcpSpec(mcp),
      command: command && compact(command),
      bind,
      replay,
      on_unknown: decoded.on_unknown,
      timeout_ms: decoded.timeout,
      retry: {
        max_attempts: retry?.max_attempts ?? (replay === 'once' ? 1 : USUAL_ATTEMPTS),
        initial_ms: retry?.initial ?? retryBody.arguments.initial.fallback ?? 0,
        max_ms: retry?.max ?? retryBody.arguments.max.fallback ?? 0,
      },
      max_result_bytes: decoded.max_result_bytes,
      result_guards: decoded.result_guards.length > 0 ? decoded.result_guards : undefined,
    })
    return { spec }
  },
}

function siteWith(site: BlockSite, roots: Readonly<Record<string, DeferredRoot>>): BlockSite {
  const scope = createDeferredScope(site.evaluation.scope, { roots: new Map(Object.entries(roots)), used: new Set() })
  return { ...site, deferred: { ...site.evaluation, scope } }
}

function declared(block: Block, type: 'input' | 'output', site: BlockSite): IoDeclaration | undefined {
  const found = nestedBlock(block, type)
  return found && found.labels.length === 0 ? decodeIo(found, site) : undefined
}

function rootOf(block: Block, type: 'input' | 'output', declaration: IoDeclaration | undefined): Pick<DeferredRoot, 'type' | 'declaredAt'> {
  const found = nestedBlock(block, type)
  if (found) return { type: declaration?.type ?? ANY, declaredAt: found.typeRange }
  return type === 'output' ? { type: ANY } : {}
}

/** A server is spoken to over one way. */
function checkMcp(block: Block, { mcp }: DecodedTool, site: BlockSite): void {
  if (mcp === undefined) return
  checkMcpUrl(block, mcp, site)
  if ((mcp.url === undefined) !== (mcp.command === undefined)) return
  const both = mcp.url !== undefined
  site.report.error({
    code: both ? 'config/conflicting-arguments' : 'config/missing-argument',
    summary: both ? '"url" and "command" exclude each other' : 'The argument "url" is missing',
    detail: 'An MCP server is reached by url = "https://…", or started by command = ["NAME", …].',
    subject: nestedBlock(block, 'mcp')?.headerRange ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** What is sent to it can be read on the way, unless it is encrypted, or stays at home. */
function checkMcpUrl(block: Block, { url, allow_private: isPrivate }: NonNullable<DecodedTool['mcp']>, site: BlockSite): void {
  if (url === undefined || isSafe(url, isPrivate)) return
  const written = nestedBlock(block, 'mcp')
  site.report.error({
    code: 'config/insecure-url',
    summary: URL.canParse(url) ? `"${url}" is not encrypted` : `"${url}" is not a URL`,
    detail:
      'Write an https:// address. http:// is accepted for this machine (127.0.0.1, localhost), and elsewhere with allow_private = true.',
    subject: (written && argumentRange(written, 'url')) ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** A flow and what only reads may run twice. */
function replayOf({ replay, flow, http }: DecodedTool): ToolSpec['replay'] {
  if (replay !== undefined) return replay
  return flow || (http && READING_METHODS.includes(http.method)) ? 'safe' : 'once'
}

/** One way to do it; what a flow takes and gives it says itself. */
function checkWays(block: Block, site: BlockSite): void {
  const place = { where: site.where, address: site.address }
  const found = WAYS.filter(way => findAttribute(block, way) ?? nestedBlock(block, way))
  if (found.length !== 1) {
    site.report.error({
      code: found.length === 0 ? 'config/missing-argument' : 'config/conflicting-arguments',
      summary:
        found.length === 0
          ? `${site.address} does nothing`
          : `${enumerate(
              found.map(way => `"${way}"`),
              'and',
            )} exclude each other`,
      detail: 'A tool is one of flow = workflow.NAME, http { … }, mcp { … } and command { … }.',
      subject: block.headerRange,
      ...place,
    })
    return
  }
  const [way] = found
  const io = (['input', 'output'] as const).flatMap(type => nestedBlock(block, type) ?? [])
  for (const written of way === 'flow' ? io : []) {
    site.report.error({
      code: 'config/conflicting-arguments',
      summary: `"${written.type}" and "flow" exclude each other`,
      detail: 'A tool that runs a flow takes and gives what the flow does.',
      subject: written.typeRange,
      ...place,
    })
  }
  if ((way === 'http' || way === 'command') && nestedBlock(block, 'input') === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'The block "input" is missing',
      detail:
        'It says what the tool takes, for nodes and for models: input { field "NAME" { type = string } }. A tool that takes nothing has input {}.',
      subject: block.headerRange,
      ...place,
    })
  }
}

function checkRetry(block: Block, decoded: DecodedTool, site: BlockSite): void {
  const attempts = decoded.retry?.max_attempts ?? 1
  if (attempts === 1 || replayOf(decoded) !== 'once') return
  const retry = nestedBlock(block, 'retry')
  site.report.error({
    code: 'config/conflicting-arguments',
    summary: `This tool may run only once, and has ${attempts} attempts`,
    detail:
      'Write replay = "idempotent" where the other side knows a repeated call by its Idempotency-Key, or replay = "safe" where a second call changes nothing.',
    subject: (retry && argumentRange(retry, 'max_attempts')) ?? block.headerRange,
    where: site.where,
    address: site.address,
  })
}
