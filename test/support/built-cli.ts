import { execFileSync } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const projectRoot = dirname(dirname(import.meta.dirname))

/** The CLI's entry file, built again when a source is newer than the bundle. */
export function builtCli(): string {
  const modified = (file: string) => statSync(join(projectRoot, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const built = modified('dist/cli.js')
  const sources = ['package.json', 'build/build.ts', ...globSync('src/**/*.ts', { cwd: projectRoot })]
  if (sources.some(file => modified(file) > built)) {
    execFileSync(process.execPath, [join(projectRoot, 'build/build.ts')], { cwd: projectRoot, stdio: 'inherit' })
  }
  return join(projectRoot, 'bin/run.js')
}
