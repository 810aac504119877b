import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { engineSchema } from '../../src/engine/durable/sqlite/schema.ts'
import { openDatabase } from '../../src/sqlite/database.ts'
import type { Schema } from '../../src/sqlite/format.ts'

t.test('VER-1: a file in a format from before the first release is left alone, and what moving it away costs is said', async t => {
  const file = `${t.testdir()}/engine.db`
  const open = (schema: Schema, mode: 'read' | 'write') =>
    openDatabase({ file, name: '.flowrun/engine.db', mode, schema, clock: systemClock, flowrunVersion: '1.0.0' })
  const before = await open({ ...engineSchema, format: 1, oldestFormat: 1, tables: 'CREATE TABLE run(id TEXT)' }, 'write')
  before.close()
  for (const mode of ['read', 'write'] as const)
    await t.rejects(open(engineSchema, mode), {
      code: 'registry/older-format',
      diagnostic: {
        summary: '.flowrun/engine.db was written by a flowrun that was not released, in format 1',
        detail: /formats from 2 on\. Move the file away: open runs end there, .* Nothing was changed\.$/,
      },
    })
})
