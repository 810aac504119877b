import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { projectFolder, writeProject } from './configuration.ts'

/** A bare repository on this machine, which serves as a remote one, and the folder where its commits are made. */
export interface GitRepository {
  /** `file:///tmp/…/kb.git`. */
  readonly url: string
  /** Commits these files, with what is there, and gives the commit. */
  commit(files: Readonly<Record<string, string>>, ...tags: readonly string[]): string
  /** Any command, in the folder where commits are made. */
  git(...words: readonly string[]): string
}

export function gitRepository(files: Readonly<Record<string, string>>, ...tags: readonly string[]): GitRepository {
  const folder = projectFolder({}, 'work')
  const bare = join(folder, '..', 'kb.git')
  const git = (...words: readonly string[]) => run(folder, words)
  run(folder, ['init', '--quiet', '--bare', bare])
  git('init', '--quiet', '-b', 'main')
  git('remote', 'add', 'origin', bare)
  const repository: GitRepository = {
    url: `file://${bare}`,
    git,
    commit(changed, ...names) {
      writeProject(folder, changed)
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '-m', 'A change')
      for (const name of names) git('tag', '--force', '--annotate', '-m', name, name)
      git('push', '--quiet', '--force', '--tags', 'origin', 'main')
      return git('rev-parse', 'HEAD').trim()
    },
  }
  repository.commit(files, ...tags)
  return repository
}

/** With an author of its own, so that a machine needs no settings of git. */
function run(folder: string, words: readonly string[]): string {
  const author = ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', '-c', 'commit.gpgSign=false', '-c', 'tag.gpgSign=false']
  return execFileSync('git', [...author, ...words], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
