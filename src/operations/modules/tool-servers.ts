import type { McpToolSpec } from '../../artifact/tool.ts'
import { mapConcurrently } from '../../base/concurrent.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import { argumentRange, nestedBlock } from '../../config/blocks/argument-range.ts'
import type { CompiledBlock } from '../../config/instance.ts'
import { type LockedServer, type LockedTool, schemasDigest, serverName } from '../../config/locked-tools.ts'
import type { ParsedConfiguration } from '../../config/parsed.ts'
import type { DiagnosticInput } from '../../diagnostics/diagnostic.ts'
import type { Report } from '../../diagnostics/report.ts'
import { ToolFailure } from '../../engine/effects/tool/failure.ts'
import type { ServerTool, ToolServers } from '../../engine/effects/tool/tool-servers.ts'
import { MissingSecret } from '../../gateway/secrets.ts'
import { byCodePoint } from '../../hcl/value.ts'
import { loadProject, type OperationHost, openProject } from '../project.ts'

/** Servers that are asked at once. */
const ASKED = 4
/** Differences of a schema that are named. */
const MAX_DIFFERENCES = 6

export interface AskOptions {
  /** Takes what has changed. */
  readonly upgrade: boolean
  readonly signal?: AbortSignal
  readonly onAsking?: (server: string) => void
}

export interface AskedServer {
  readonly server: string
  readonly tools: readonly string[]
  /** `kept`: it says what the lock says. */
  readonly action: 'kept' | 'locked' | 'upgraded' | 'unreachable'
}

export interface AskedServers {
  readonly asked: readonly AskedServer[]
  readonly servers: readonly LockedServer[]
}

/** Whether a configuration, with its modules, has a tool of an MCP server at all: only then is it compiled for them. */
export function namesServers(parsed: ParsedConfiguration): boolean {
  const own = parsed.blocks.some(block => block.type === 'tool' && nestedBlock(block, 'mcp') !== undefined)
  return own || [...parsed.modules.values()].some(namesServers)
}

/**
 * Asks each MCP server that a tool names what its tools take. What differs from the lock is an error, unless it shall be
 * taken; a server that cannot be reached keeps what is locked, with a warning.
 *
 * @returns undefined after errors were reported.
 */
export async function askServers(
  host: OperationHost,
  locked: readonly LockedServer[],
  options: AskOptions,
  report: Report,
): Promise<AskedServers | undefined> {
  const project = openProject(host, {}, report)
  const configuration = project && loadProject(host, project, { variables: [], withoutServers: true }, report, false).configuration
  if (configuration === undefined) return undefined
  const byServer = Map.groupBy(configuration.blocks.flatMap(toolOf), ({ mcp }) => serverName(mcp))
  const client = await host.openToolServers(host.workingDirectory, configuration.environment)
  try {
    const results = await mapConcurrently([...byServer], ASKED, ([server, tools]) => {
      options.onAsking?.(server)
      return ask({ server, tools, locked: locked.find(known => known.server === server) }, client, options, report)
    })
    if (report.hasErrors) return undefined
    const found = results.filter(result => result !== undefined)
    return { asked: found.map(({ asked }) => asked), servers: found.map(({ locked }) => locked) }
  } finally {
    await client.close()
  }
}

interface UsedTool {
  readonly block: CompiledBlock
  readonly mcp: McpToolSpec
}

function toolOf(block: CompiledBlock): readonly UsedTool[] {
  const { artifact } = block
  return artifact.kind === 'tool' && artifact.spec.mcp ? [{ block, mcp: artifact.spec.mcp }] : []
}

interface Asking {
  readonly server: string
  readonly tools: readonly UsedTool[]
  readonly locked: LockedServer | undefined
}

interface Answered {
  readonly asked: AskedServer
  readonly locked: LockedServer
}

async function ask(asking: Asking, client: ToolServers, { upgrade, signal }: AskOptions, report: Report): Promise<Answered | undefined> {
  const { server, tools, locked } = asking
  const [first] = tools
  if (first === undefined) return undefined
  let offered: readonly ServerTool[]
  try {
    offered = await client.list(first.block.address, first.mcp, signal)
  } catch (error) {
    const why = failureText(error)
    const isKept = locked !== undefined && !upgrade && tools.every(({ mcp }) => locked.used.has(mcp.tool))
    const problem: DiagnosticInput = {
      code: why.code,
      summary: `${server} cannot be asked for its tools: ${why.text}`,
      detail: isKept ? 'What is locked of it stays as it is.' : 'Nothing was locked of it.',
      ...placeOf(first),
    }
    if (!isKept) report.error(problem)
    else report.warning(problem)
    return isKept ? { asked: { server, tools: [...locked.used.keys()], action: 'unreachable' }, locked } : undefined
  }
  const names = offered.map(({ name }) => name).sort(byCodePoint)
  const used = new Map<string, LockedTool>()
  let hasChanged = false
  for (const tool of tools) {
    const found = offered.find(({ name }) => name === tool.mcp.tool)
    if (found === undefined) {
      report.error(unknownTool(tool, server, names))
      continue
    }
    const [before, now] = [locked?.used.get(found.name), lockedOf(found)]
    if (now === undefined) {
      report.error(notLockable(tool, server))
      continue
    }
    used.set(found.name, now)
    if (before === undefined || before.digest === now.digest) continue
    hasChanged = true
    if (!upgrade) report.error(changed(tool, server, before, now))
  }
  const isSame = locked !== undefined && !hasChanged && [...used.keys()].every(name => locked.used.has(name))
  const action = isSame ? 'kept' : hasChanged ? 'upgraded' : 'locked'
  return { asked: { server, tools: [...used.keys()].sort(byCodePoint), action }, locked: { server, tools: names, used } }
}

/** @returns undefined where the schemas have no canonical form. */
function lockedOf({ inputSchema, outputSchema, isUsable }: ServerTool): LockedTool | undefined {
  try {
    return {
      digest: schemasDigest(inputSchema as JsonValue | undefined, outputSchema as JsonValue | undefined),
      ...(isUsable && inputSchema && { input: inputSchema }),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function failureText(error: unknown): { readonly code: ToolFailure['code'] | 'secret/missing'; readonly text: string } {
  if (error instanceof ToolFailure) return { code: error.code, text: error.message }
  if (error instanceof MissingSecret) return { code: 'secret/missing', text: `secret "${error.secretName}" is not set` }
  throw error
}

function placeOf({ block }: UsedTool): Pick<DiagnosticInput, 'subject' | 'where' | 'address'> {
  const written = nestedBlock(block.block, 'mcp')
  return {
    subject: (written && argumentRange(written, 'tool')) ?? block.block.headerRange,
    where: `in tool "${block.name}"`,
    address: block.address,
  }
}

function unknownTool(tool: UsedTool, server: string, names: readonly string[]): DiagnosticInput {
  const suggestions = suggest(tool.mcp.tool, [...names])
  return {
    code: 'tool/unknown-tool',
    summary: `${server} has no tool "${tool.mcp.tool}"`,
    detail: names.length === 0 ? 'It has none at all. Nothing was locked of it.' : `It has ${names.join(', ')}. Nothing was locked of it.`,
    ...placeOf(tool),
    ...(suggestions.length > 0 && { suggestions }),
  }
}

function notLockable(tool: UsedTool, server: string): DiagnosticInput {
  return {
    code: 'tool/mcp-error',
    summary: `${server} says of ${tool.mcp.tool} what cannot be locked`,
    detail: 'Its schema holds half of a sign, or is nested too deep. Nothing was locked of it.',
    ...placeOf(tool),
  }
}

function changed(tool: UsedTool, server: string, before: LockedTool, now: LockedTool): DiagnosticInput {
  const all = [...differences('', before.input as JsonValue | undefined, now.input as JsonValue | undefined)]
  const more = all.length - MAX_DIFFERENCES
  return {
    code: 'tool/schema-changed',
    summary: `${tool.mcp.tool} of ${server} is not what is locked`,
    detail:
      'Whoever runs the server has changed it. See that your flows still mean what they say, and take it:\n  flowrun init -upgrade\nThe lock stays as it is.',
    notes: [
      ...(all.length > 0 ? all.slice(0, MAX_DIFFERENCES) : ['what it gives, or a part that flowrun does not read']),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
    ...placeOf(tool),
  }
}

/** `- required.1: "city"`, `+ properties.zip.type: "string"`, `~ properties.id.type: "string", was "integer"`. */
function* differences(path: string, before: JsonValue | undefined, now: JsonValue | undefined): Iterable<string> {
  if (isContainer(before) && isContainer(now)) {
    const [old, current] = [new Map(Object.entries(before)), new Map(Object.entries(now))]
    for (const key of new Set([...old.keys(), ...current.keys()]))
      yield* differences(path === '' ? key : `${path}.${key}`, old.get(key), current.get(key))
    return
  }
  const [was, is] = [JSON.stringify(before), JSON.stringify(now)]
  if (was === is) return
  if (was === undefined) yield `+ ${path}: ${is}`
  else if (is === undefined) yield `- ${path}: ${was}`
  else yield `~ ${path}: ${is}, was ${was}`
}

function isContainer(value: JsonValue | undefined): value is JsonValue & object {
  return isJsonObject(value) || Array.isArray(value)
}
