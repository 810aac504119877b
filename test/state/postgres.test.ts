import t from 'tap'
import type { StateBackend } from '../../src/state/backend.ts'
import { openPostgresStateBackend, type PostgresStateOptions } from '../../src/state/backends/postgres.ts'
import { heldClock, stateBackendContract } from '../conformance/state-backend.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

/** The server's clock, which nothing but the server reads, is a function that a schema before pg_catalog can have too. */
const SERVER_TIME_IS_HELD = { options: '-c search_path=held,pg_catalog' }

function heldTime(now: number): string {
  return `
    CREATE SCHEMA IF NOT EXISTS held;
    CREATE OR REPLACE FUNCTION held.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT to_timestamp(${now / 1000})'`
}

/** A backend that sets the server's clock before it is asked. */
function atTime(backend: StateBackend, setTime: () => Promise<unknown>): StateBackend {
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...words: unknown[]) => {
        await setTime()
        return member.apply(target, words)
      }
    },
  })
}

function open(url: string, changes: Partial<PostgresStateOptions> = {}): Promise<StateBackend> {
  return openPostgresStateBackend({
    url,
    schema: 'flowrun_state',
    skipSchemaCreation: false,
    sslMode: undefined,
    project: 'shop',
    flowrunVersion: '0.1.0',
    firstWaitMs: 1,
    ...changes,
  })
}

function testOver(postgres: TestPostgres): void {
  stateBackendContract(t, 'postgres', () => {
    const clock = heldClock()
    let database: Promise<string> | undefined
    return {
      clock,
      async open() {
        database ??= postgres.createDatabase(SERVER_TIME_IS_HELD)
        const url = await database
        return atTime(await open(url), () => postgres.run(url, heldTime(clock.now())))
      },
    }
  })
}

const postgres = await startPostgres(t)
if (typeof postgres === 'string') t.pass('state "postgres"', { skip: postgres })
else testOver(postgres)
