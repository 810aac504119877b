import type { PostgresStateSettings } from '../config/blocks/environment-stores.ts'
import type { StateBackend } from '../state/backend.ts'
import { openPostgresStateBackend } from '../state/backends/postgres.ts'
import type { StateHost } from './state-host.ts'

export async function openPostgresState(settings: PostgresStateSettings, host: StateHost): Promise<StateBackend> {
  const { schema, skip_schema_creation: skipSchemaCreation, keep } = settings
  const { project, flowrunVersion, codec, environment } = host
  return openPostgresStateBackend({
    url: await host.text(settings.url),
    schema,
    skipSchemaCreation,
    sslMode: environment.PGSSLMODE,
    project,
    flowrunVersion,
    codec,
    ...(keep === undefined ? {} : { keep }),
  })
}
