import { invariant } from '../base/invariant.ts'
import type { S3StateSettings } from '../config/blocks/environment-stores.ts'
import type { StateBackend } from '../state/backend.ts'
import type { StateHost } from './state-host.ts'

export async function openS3State(settings: S3StateSettings, _host: StateHost): Promise<StateBackend> {
  invariant(false, 'state/backend-not-there', `the backend ${settings.type} is not there yet`)
}
