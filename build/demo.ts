import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The first five minutes with `examples/hello`: what a user types, and what flowrun answers. */
const root = dirname(import.meta.dirname)
const data = mkdtempSync(join(tmpdir(), 'flowrun-demo-'))
const conversation: readonly (readonly string[])[] = [
  ['plan'],
  ['apply', '--yes'],
  ['run', 'prompt.answer', '-e', 'dev', '--field', 'question=What is a release?'],
  ['plan'],
]

let exitCode = 0
try {
  process.stdout.write('$ cd examples/hello\n')
  for (const words of conversation) {
    process.stdout.write(`\n$ flowrun ${words.map(word => (/[ ?]/.test(word) ? word.replace(/=(.*)/, '="$1"') : word)).join(' ')}\n`)
    const { status } = spawnSync(process.execPath, [join(root, 'bin/run.js'), ...words], {
      cwd: join(root, 'examples/hello'),
      stdio: 'inherit',
      // The example stays as it is: what the demo deploys is thrown away.
      env: { ...process.env, FLOWRUN_DATA_DIR: data },
    })
    if (status !== 0) {
      exitCode = status ?? 1
      break
    }
  }
} finally {
  rmSync(data, { recursive: true, force: true })
}
process.exit(exitCode)
