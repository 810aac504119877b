import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listFailures } from './failures.ts'

/**
 * Runs the tests (all, or the files that are named), and ends with `N passed, N failed` from tap's own totals of assertions.
 * Each failure is printed before them: tap's reporters draw for a terminal, and leave a log of CI empty.
 */
const root = dirname(import.meta.dirname)
const output = join(root, '.tap/output.tap')

prepareRunner()
mkdirSync(dirname(output), { recursive: true })
rmSync(output, { force: true })
// Into a file or a pipe, the reporter must not go back and overwrite what it has said.
const style = process.stdout.isTTY ? [] : ['--no-color']
const exitCode = run('tap', ['run', '--reporter=terse', ...style, `--output-file=${output}`, ...process.argv.slice(2)])
for (const { path, diagnostics } of listFailures(readOutput())) process.stdout.write(`\nnot ok: ${path.join(' > ')}\n${diagnostics}\n`)
const { passed, failed } = readTotals()
const totals = `${passed} passed, ${failed} failed`
writeFileSync(join(root, '.tap/totals.txt'), `${totals}\n`)
process.stdout.write(`\n${totals}\n`)
process.exit(exitCode === 0 && failed > 0 ? 1 : exitCode)

/** A fresh tap loads its own TypeScript plugin, which we turn off because Node reads TypeScript; once, it has to be built without. */
function prepareRunner(): void {
  const built = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8')
  if (built.includes('@tapjs/typescript') && run('tap', ['build']) !== 0) throw new Error('tap could not be built')
}

/** tap ends its output with `# { total: 12, pass: 11, fail: 1 }`; without that it did not get to the end, which is a failure. */
function readTotals(): { readonly passed: number; readonly failed: number } {
  const text = readOutput()
  const last = [...text.matchAll(/^# \{ total: \d+.*\}$/gm)].at(-1)?.[0] ?? ''
  const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(last)?.[1] ?? 0)
  return last === '' ? { passed: 0, failed: 1 } : { passed: count('pass'), failed: count('fail') }
}

function readOutput(): string {
  try {
    return readFileSync(output, 'utf8')
  } catch {
    return ''
  }
}

function run(command: string, words: readonly string[]): number {
  return spawnSync(command, words, { cwd: root, stdio: 'inherit' }).status ?? 1
}
