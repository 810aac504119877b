import { systemClock } from '../../src/base/clock.ts'
import { openSqliteRegistry, type SqliteRegistry, type SqliteRegistryOptions } from '../../src/registry/sqlite/registry.ts'

/** The embedded registry of a made-up project in a directory. */
export function openRegistry(directory: string, changes: Partial<SqliteRegistryOptions> = {}): Promise<SqliteRegistry> {
  return openSqliteRegistry({
    directory,
    directoryName: '.flowrun',
    project: 'shop',
    clock: systemClock,
    flowrunVersion: '0.1.0',
    mode: 'write',
    ...changes,
  })
}
