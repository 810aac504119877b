import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readManifest } from './manifest.ts'

/** Words of Terraform, and of ours, that another command serves. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['get', 'Modules and tools are fetched by: flowrun init'],
  ['refresh', 'Drift is looked for by: flowrun plan -refresh-only'],
  ['taint', 'A version is what its digest says, and never stale: a change of its block makes another'],
  ['workspace', 'Environments are blocks, listed by: flowrun environments'],
  ['approve', 'Runs are decided on by: flowrun runs approve RUN'],
  ['reject', 'Runs are decided on by: flowrun runs reject RUN'],
])

/** @returns the refusal of a name that is no command, with near ones. */
export function unknownCommand(name: string): OperationError {
  const instead = INSTEAD.get(name)
  const suggestions = instead === undefined ? suggest(name, readManifest().keys()) : []
  const question = suggestions.length === 0 ? '' : `Did you mean ${suggestions.join(' or ')}? `
  return new OperationError({
    code: 'cli/unknown-command',
    summary: `There is no command "${name}"`,
    detail: instead === undefined ? `${question}All commands: flowrun --help` : `${instead}. All commands: flowrun --help`,
    ...(suggestions.length === 0 ? {} : { suggestions }),
  })
}
