import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { readManifest } from './manifest.ts'

/** @returns the refusal of a name that is no command, with near ones. */
export function unknownCommand(name: string): OperationError {
  const suggestions = suggest(name, readManifest().keys())
  const question = suggestions.length === 0 ? '' : `Did you mean ${suggestions.join(' or ')}? `
  return new OperationError({
    code: 'cli/unknown-command',
    summary: `There is no command "${name}"`,
    detail: `${question}All commands: flowrun --help`,
    ...(suggestions.length === 0 ? {} : { suggestions }),
  })
}
