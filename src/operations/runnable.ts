import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

const FLOW_KINDS: ReadonlySet<string> = new Set(['workflow', 'prompt'])

/**
 * `run/unknown-flow`: workflows and prompts can be run by their addresses.
 *
 * @param where as a sentence says it: `here`, `in dev`.
 */
export function requireRunnable(
  flow: string,
  members: ReadonlyMap<string, { readonly artifact: { readonly kind: string } }>,
  where: string,
): void {
  const kind = members.get(flow)?.artifact.kind
  if (FLOW_KINDS.has(kind ?? '')) return
  const flows = [...members].flatMap(([address, member]) => (FLOW_KINDS.has(member.artifact.kind) ? [address] : []))
  const named = [...FLOW_KINDS].map(flowKind => `${flowKind}.${flow}`).filter(address => flows.includes(address))
  const suggestions = named.length > 0 ? named : suggest(flow, flows)
  throw new OperationError({
    code: 'run/unknown-flow',
    summary: kind === undefined ? `There is no flow "${flow}" ${where}` : `${flow} is a ${kind}, and cannot be run`,
    detail: `${flows.length === 0 ? `There is no flow ${where}.` : `The flows ${where} are ${flows.sort().join(', ')}.`} No run was made.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

/** `prompt.answer@8`: an address, and a version where one is named. Keys of instances may hold an `@` as well. */
export function splitFlow(flow: string): { readonly address: string; readonly version?: string } {
  const [, address = flow, version] = /^(.*)@(\d+)$/.exec(flow) ?? []
  return { address, ...(version !== undefined && { version }) }
}
