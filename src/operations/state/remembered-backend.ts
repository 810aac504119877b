import type { StateSettings } from '../../config/blocks/environment-stores.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import type { StateBackend } from '../../state/backend.ts'
import { onEnvironment } from '../../state/environment-hint.ts'
import type { BackendRecords } from './backend-record.ts'

/**
 * A backend that is not taken for empty when this folder has last seen the state elsewhere: planning against an empty state
 * would publish everything as if nothing had ever been deployed. Where it is seen is remembered when it may be written.
 */
export function rememberedBackend(
  backend: StateBackend,
  settings: StateSettings,
  records: BackendRecords,
  mode: 'read' | 'write',
): StateBackend {
  /** Environments that had no state when they were read; the command may give them one. */
  const absent = new Set<string>()
  return {
    ...backend,
    async read(environment) {
      const state = await backend.read(environment)
      if (state !== undefined) {
        if (mode === 'write') records.write(environment, settings)
        return state
      }
      const last = records.read().get(environment)
      if (last) requireSamePlace(environment, records.placeOf(last), records.placeOf(settings))
      absent.add(environment)
      return undefined
    },
    async close() {
      if (mode === 'write') for (const environment of absent) if (await isThere(backend, environment)) records.write(environment, settings)
      await backend.close()
    },
  }
}

/** What the command did is done: a place that cannot be looked at now is remembered by the next one that reads it. */
async function isThere(backend: StateBackend, environment: string): Promise<boolean> {
  try {
    return (await backend.currentVersion(environment)) !== undefined
  } catch (error) {
    if (error instanceof OperationError) return false
    throw error
  }
}

function requireSamePlace(environment: string, last: string, place: string): void {
  if (last === place) return
  const options = onEnvironment(environment)
  throw new OperationError({
    code: 'state/backend-changed',
    summary: `The state of ${environment} is somewhere else`,
    detail: [
      `was in     ${last}`,
      `should be  ${place}, which has no state of ${environment}`,
      '',
      'The configuration names another place than the one that this folder has last used. To move the state there:',
      `  flowrun init${options} -migrate-state`,
      'To leave it behind, and start with what is there now:',
      `  flowrun init${options} -reconfigure`,
      'Nothing was changed.',
    ].join('\n'),
  })
}
