import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'

/**
 * `run/unknown-flow`: only a prompt can be run by its address.
 *
 * @param where as a sentence says it: `here`, `in dev`.
 */
export function requireRunnable(
  flow: string,
  members: ReadonlyMap<string, { readonly artifact: { readonly kind: string } }>,
  where: string,
): void {
  const kind = members.get(flow)?.artifact.kind
  if (kind === 'prompt') return
  const flows = [...members].flatMap(([address, member]) => (member.artifact.kind === 'prompt' ? [address] : []))
  const suggestions = flows.includes(`prompt.${flow}`) ? [`prompt.${flow}`] : suggest(flow, flows)
  throw new OperationError({
    code: 'run/unknown-flow',
    summary: kind === undefined ? `There is no flow "${flow}" ${where}` : `${flow} is a ${kind}, and cannot be run`,
    detail: `${flows.length === 0 ? `There is no prompt ${where}.` : `The flows ${where} are ${flows.sort().join(', ')}.`} No run was made.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}

/** `prompt.answer@8`: an address, and a version where one is named. Keys of instances may hold an `@` as well. */
export function splitFlow(flow: string): { readonly address: string; readonly version?: string } {
  const [, address = flow, version] = /^(.*)@(\d+)$/.exec(flow) ?? []
  return { address, ...(version !== undefined && { version }) }
}
