import type { Digest } from '../../base/digest.ts'
import { isJsonObject, type JsonValue } from '../../base/json.ts'
import { formatSource } from '../../hcl/format.ts'
import { printString } from '../../hcl/print-template.ts'
import { byCodePoint } from '../../hcl/value.ts'
import { json, strings, text } from '../decode/argument.ts'
import { type BodySpec, optional, repeated, required } from '../decode/body.ts'
import { jsonText } from '../generate/text.ts'
import type { LockedServer, LockedTool } from '../locked-tools.ts'

const lockedToolBody = {
  arguments: {
    digest: required(text({ pattern: /^sha256:[0-9a-f]{64}$/, shape: 'A digest is "sha256:" and 64 hex digits.' })),
    input: optional(json),
  },
} as const satisfies BodySpec

export const lockedServerBody = {
  arguments: { tools: required(strings()) },
  blocks: { tool: repeated(lockedToolBody, ['name']) },
} as const satisfies BodySpec

interface DecodedServer {
  readonly tools: readonly string[]
  readonly tool: readonly {
    readonly labels: readonly string[]
    readonly content: { readonly digest: string; readonly input: JsonValue | undefined }
  }[]
}

export function toLockedServer(server: string, { tools, tool }: DecodedServer): LockedServer {
  const used = tool.map(({ labels: [name = ''], content: { digest, input } }): [string, LockedTool] => [
    name,
    // The pattern of the argument has looked at it.
    { digest: digest as Digest, ...(isJsonObject(input) && { input }) },
  ])
  return { server, tools, used: new Map(used) }
}

/** Sorted, so that two people who ask the same server get the same. */
export function printServer({ server, tools, used }: LockedServer): string {
  const blocks = [...used]
    .sort(([a], [b]) => byCodePoint(a, b))
    .map(([name, { digest, input }]) => {
      const schema = input === undefined ? '' : `\n    input = ${jsonText(input as JsonValue)}`
      return `\n  tool ${printString(name)} {\n    digest = "${digest}"${schema}\n  }\n`
    })
  return formatSource(`mcp ${printString(server)} {\n  tools = ${jsonText([...tools])}\n${blocks.join('')}}\n`)
}
