import { spawnSync } from 'node:child_process'
import type { Authorship } from '../apply/release.ts'
import { userName } from '../base/user.ts'

/** Who applies, from which commit, and what for: by default the subject of the last commit says it. */
export function readAuthorship(folder: string, message: string | undefined): Authorship {
  const [commit = '', subject = ''] = git(folder, ['log', '-1', '--format=%h%n%s']).split('\n')
  return { actor: userName(), source: commit, message: message ?? subject }
}

/** The commit of the working copy; undefined where there is none. */
export function readCommit(folder: string): string | undefined {
  return git(folder, ['log', '-1', '--format=%h']).trim() || undefined
}

/** Empty where there is no git, no repository or no commit. */
function git(folder: string, words: readonly string[]): string {
  const { status, stdout } = spawnSync('git', words, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return status === 0 ? stdout : ''
}
