import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { hello } from '../../src/operations/templates/hello.ts'

t.test('flowrun init writes what examples/hello is', async t => {
  const folder = join(import.meta.dirname, '../../examples/hello')
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const example = found
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => !path.includes('.flowrun'))
    .map(path => [path.slice(folder.length + 1), readFileSync(path, 'utf8')] as const)
  const written = hello.files.map(({ path, content }) => [path, content] as const)
  const byPath = (a: readonly [string, string], b: readonly [string, string]) => (a[0] < b[0] ? -1 : 1)
  t.strictSame(example.sort(byPath), written.sort(byPath))
})
