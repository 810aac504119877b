import type { Deferred, SecretText } from '../../artifact/deferred.ts'
import type { HttpToolSpec, McpToolSpec, ToolSpec } from '../../artifact/tool.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { retryBody } from '../blocks/model-blocks.ts'
import { tool } from '../blocks/tool.ts'
import { httpBody } from '../blocks/tool-blocks.ts'
import { formatBytes } from '../decode/literal.ts'
import { argument, type BodyItem, block, blockUnlessEmpty } from './body.ts'
import { ioBlock } from './io.ts'
import { durationText, plainArguments, unlessDefault } from './model-blocks.ts'
import { deferredText, deferredValue, entriesText, itemsText, jsonText, referenceText, secretMapText, secretText } from './text.ts'

/** The arguments and blocks of a tool that give this artifact. */
export function toolItems(spec: ToolSpec, name: string): readonly BodyItem[] {
  const { description, labels, flow, http, mcp, command, bind, retry } = spec
  const reads = flow !== undefined || ['GET', 'HEAD'].includes(http?.method ?? '')
  const usual = reads ? 'safe' : 'once'
  return [
    ...plainArguments({ name: spec.name === name ? undefined : spec.name, description, labels }),
    ...argument('flow', flow && referenceText(flow)),
    ...(flow ? [] : ioBlock('input', spec.input, spec.input_validation)),
    ...(flow ? [] : ioBlock('output', spec.output, spec.output_validation)),
    ...(http ? [httpBlock(http)] : []),
    ...(mcp ? [mcpBlock(mcp)] : []),
    ...(command
      ? [
          block('command', [
            ...argument('argv', itemsText(command.argv.map(deferredValue))),
            ...argument('env', command.env && secretMapText(command.env)),
          ]),
        ]
      : []),
    ...argument('bind', bind && deferredMap(bind)),
    ...plainArguments({
      replay: spec.replay === usual ? undefined : spec.replay,
      on_unknown: unlessDefault(tool.body, 'on_unknown', spec.on_unknown),
    }),
    ...argument('timeout', durationText(unlessDefault(tool.body, 'timeout', spec.timeout_ms))),
    ...retryItems(retry, spec.replay),
    ...argument('max_result_bytes', bytesText(unlessDefault(tool.body, 'max_result_bytes', spec.max_result_bytes))),
    ...argument('result_guards', spec.result_guards && itemsText(spec.result_guards.map(referenceText))),
  ]
}

function bytesText(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : jsonText(formatBytes(bytes))
}

function retryItems({ max_attempts, initial_ms, max_ms }: ToolSpec['retry'], replay: ToolSpec['replay']): readonly BodyItem[] {
  return blockUnlessEmpty('retry', [
    ...plainArguments({ max_attempts: max_attempts === (replay === 'once' ? 1 : 3) ? undefined : max_attempts }),
    ...argument('initial', durationText(unlessDefault(retryBody, 'initial', initial_ms))),
    ...argument('max', durationText(unlessDefault(retryBody, 'max', max_ms))),
  ])
}

function httpBlock({ method, url, query, headers, body, result, fail_when, allow_private, max_redirects, ca_pem }: HttpToolSpec): BodyItem {
  const unless = (name: string, value: Deferred, usual: Deferred) =>
    argument(name, canonicalJson(value as never) === canonicalJson(usual as never) ? undefined : deferredValue(value))
  return block('http', [
    ...plainArguments({ method: unlessDefault(httpBody, 'method', method) }),
    ...argument('url', deferredValue(url)),
    ...argument('query', query && deferredMap(query)),
    ...argument('headers', headers && deferredMap(headers)),
    ...argument('body', body === undefined ? undefined : deferredValue(body)),
    ...unless('result', result, { $expr: 'response.body' }),
    ...unless('fail_when', fail_when, { $expr: 'response.status >= 400' }),
    ...plainArguments({ allow_private: allow_private || undefined, max_redirects: max_redirects === 0 ? undefined : max_redirects }),
    ...argument('ca_file', ca_pem === undefined ? undefined : deferredText(ca_pem)),
  ])
}

function deferredMap(map: Readonly<Record<string, Deferred>>): string {
  return entriesText(
    Object.entries(map).map(([key, value]) => [key.replace(/^\$\$/, '$'), isSecret(value) ? secretText(value) : deferredValue(value)]),
  )
}

function isSecret(value: Deferred): value is SecretText {
  return typeof value === 'object' && value !== null && ('$secret' in value || '$join' in value)
}

function mcpBlock({ url, command, tool: name, headers, env, allow_private }: McpToolSpec): BodyItem {
  return block('mcp', [
    ...plainArguments({ url, command, tool: name }),
    ...argument('headers', headers && secretMapText(headers)),
    ...argument('env', env && secretMapText(env)),
    ...plainArguments({ allow_private }),
  ])
}
