import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { openSqliteRegistry, type SqliteRegistryOptions } from '../../src/registry/sqlite/registry.ts'
import { registryContract } from '../conformance/registry.ts'

function optionsFor(directory: string, project = 'shop'): SqliteRegistryOptions {
  return { directory, directoryName: '.flowrun', project, clock: systemClock, flowrunVersion: '0.1.0', mode: 'write' }
}

registryContract(t, 'sqlite', t => {
  const directory = t.testdir()
  return { open: project => openSqliteRegistry(optionsFor(directory, project)) }
})
