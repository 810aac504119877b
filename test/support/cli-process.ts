import { type ChildProcess, spawn } from 'node:child_process'
import { builtCli } from './built-cli.ts'

/** A flowrun that runs as a process of its own. */
export interface CliProcess {
  readonly child: ChildProcess
  readonly ended: Promise<CliEnd>
  /** Once stderr has these words. */
  told(words: string): Promise<void>
}

export interface CliEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface CliOptions {
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
  /** Another user; only root can. */
  readonly uid?: number
  /** No file that it writes may grow beyond this, in blocks of 512 bytes: a disk that fails. */
  readonly fileBlocks?: number
}

/** Starts the built CLI, without a terminal. */
export function startCli(words: readonly string[], { folder, environment = {}, fileBlocks, ...user }: CliOptions): CliProcess {
  const { CI: _ci, GITHUB_ACTIONS: _github, ...inherited } = process.env
  const startedAt = performance.now()
  const limited = fileBlocks === undefined ? [] : ['sh', '-c', `ulimit -f ${fileBlocks}; exec "$0" "$@"`]
  const [program, ...rest] = [...limited, process.execPath, builtCli(), ...words]
  const child = spawn(program ?? '', rest, {
    cwd: folder,
    env: { ...inherited, FLOWRUN_TEST: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<CliEnd>(resolve =>
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, tookMs: performance.now() - startedAt })),
  )
  const told = (wanted: string) =>
    new Promise<void>(resolve => {
      const look = () => {
        if (!stderr.includes(wanted)) return
        child.stderr.off('data', look)
        resolve()
      }
      child.stderr.on('data', look)
      look()
    })
  return { child, ended, told }
}
