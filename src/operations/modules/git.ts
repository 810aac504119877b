import { spawn } from 'node:child_process'

/** What git said; `notFound` where there is no git. */
export type GitResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly reason: string; readonly notFound: boolean }

export type Git = (words: readonly string[], folder: string) => Promise<GitResult>

/** Of what git says, enough to see why it failed. */
const REASON_LENGTH_MAX = 600
/** A fetch that takes longer hangs. */
const TIMEOUT_MS = 600_000

/** Variables by which a git that runs flowrun, as a hook does, would point ours to its own repository. */
const FOREIGN = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_PREFIX']

/** So that everybody gets the same bytes: line ends as they are stored, links as links, no filters and no hooks of the machine. */
const SAME_EVERYWHERE = [
  ...['core.autocrlf=false', 'core.eol=lf', 'core.symlinks=true', 'core.hooksPath=/dev/null'],
  ...['filter.lfs.smudge=', 'filter.lfs.process=', 'filter.lfs.required=false', 'advice.detachedHead=false'],
].flatMap(setting => ['-c', setting])

/**
 * Runs the `git` of the machine. It asks nobody anything: a password comes from its credential helper, a key from the agent.
 *
 * @param signal ends it.
 */
export function createGit(environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal | undefined): Git {
  const env: Record<string, string | undefined> = {
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => !FOREIGN.includes(name))),
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  }
  return (words, folder) => {
    const end = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])])
    return new Promise(resolve => {
      const child = spawn('git', [...SAME_EVERYWHERE, ...words], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], signal: end })
      const output: Buffer[] = []
      let reason = ''
      child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => {
        reason = (reason + chunk.toString()).slice(-REASON_LENGTH_MAX)
      })
      child.on('error', error => {
        const notFound = 'code' in error && error.code === 'ENOENT'
        resolve({ ok: false, reason: end.aborted ? 'It was stopped.' : error.message, notFound })
      })
      child.on('close', status =>
        resolve(
          status === 0 ? { ok: true, output: Buffer.concat(output).toString() } : { ok: false, reason: reason.trim(), notFound: false },
        ),
      )
    })
  }
}
