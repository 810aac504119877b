import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { projectRoot } from '../support/built-cli.ts'

const tools: readonly (readonly [string, readonly string[]])[] = [
  ['typescript/bin/tsc', ['-p', '.']],
  ['@biomejs/biome/bin/biome', ['check']],
  ['knip/bin/knip.js', ['--no-progress']],
]

for (const [tool, words] of tools) {
  t.test(`${tool} ${words.join(' ')} finds nothing`, t => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(projectRoot, 'node_modules', tool), ...words], {
      cwd: projectRoot,
      encoding: 'utf8',
    })
    t.equal(status, 0, `${stdout}${stderr}`.slice(0, 4000) || 'it is quiet')
    t.end()
  })
}
