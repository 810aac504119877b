import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Sqlite from 'better-sqlite3'

export const projectRoot = dirname(dirname(import.meta.dirname))

/** A build takes 3 s alone; others may wait for it on a busy machine. */
const BUILD_WAIT_MS = 300_000

/** The CLI's entry file, built again when a source is newer than the bundle: by one process, while the others wait. */
export function builtCli(): string {
  // The lock is one of the system's own: it ends with its process.
  const lock = new Sqlite(join(projectRoot, 'node_modules/.flowrun-build.db'), { timeout: BUILD_WAIT_MS })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    if (isOutdated()) execFileSync(process.execPath, [join(projectRoot, 'build/build.ts')], { cwd: projectRoot, stdio: 'inherit' })
  } finally {
    lock.close()
  }
  return join(projectRoot, 'bin/run.js')
}

/** The manifest is written last: a build that was killed has an old one, or none. */
function isOutdated(): boolean {
  const modified = (file: string) => statSync(join(projectRoot, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const built = Math.min(modified('dist/cli.js'), modified('oclif.manifest.json'))
  const sources = ['package.json', 'build/build.ts', ...globSync('src/**/*.ts', { cwd: projectRoot })]
  return sources.some(file => modified(file) > built)
}
