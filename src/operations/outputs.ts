import { suggest } from '../base/suggest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { StateOutput } from '../state/state.ts'
import { type Deployed, readDeployed } from './deployed.ts'
import type { OperationHost, ProjectOptions } from './project.ts'

/** Outputs as the last apply left them, by name. */
export function readOutputs(host: OperationHost, options: ProjectOptions): Promise<Deployed<ReadonlyMap<string, StateOutput>>> {
  return readDeployed(host, options, async ({ backend }, project) => {
    const state = await backend.read(project.environment.name)
    return new Map([...(state?.outputs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/** One of them; `output/unknown` when the last apply left none of this name. */
export function outputNamed(outputs: ReadonlyMap<string, StateOutput>, name: string): StateOutput {
  const found = outputs.get(name)
  if (found) return found
  const suggestions = suggest(name, outputs.keys())
  throw new OperationError({
    code: 'output/unknown',
    summary: `There is no output "${name}"`,
    detail:
      outputs.size === 0
        ? 'The last apply left no outputs. Declare one, output "NAME" { value = … }, and apply.'
        : `The outputs are ${[...outputs.keys()].join(', ')}.`,
    ...(suggestions.length > 0 ? { suggestions } : {}),
  })
}
