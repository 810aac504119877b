import { invariant } from '../base/invariant.ts'
import type { PostgresStateSettings } from '../config/blocks/environment-stores.ts'
import type { StateBackend } from '../state/backend.ts'
import type { StateHost } from './state-host.ts'

export async function openPostgresState(settings: PostgresStateSettings, _host: StateHost): Promise<StateBackend> {
  invariant(false, 'state/backend-not-there', `the backend ${settings.type} is not there yet`)
}
