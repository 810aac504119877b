import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { projectRoot } from '../support/built-cli.ts'

interface Cruise {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string; readonly to: string }[]
  }
}

t.test('imports go one way, and never in a circle', t => {
  const words = ['src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json']
  const run = spawnSync(process.execPath, [join(projectRoot, 'node_modules/.bin/depcruise'), ...words], {
    cwd: projectRoot,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const { summary } = JSON.parse(run.stdout) as Cruise
  // It finds nothing wrong, without a word, when it cannot read TypeScript.
  t.ok(summary.totalCruised > 200, `it saw ${summary.totalCruised} modules`)
  for (const { rule, from, to } of summary.violations) t.fail(`${rule.name}: ${from} → ${to}`)
  t.end()
})
