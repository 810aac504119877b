import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import type { SecretText } from '../../../artifact/deferred.ts'
import { systemErrorSentence } from '../../../base/system-error.ts'
import { resolveSecretText } from '../../../gateway/secrets.ts'
import type { Timers } from '../../../gateway/timers.ts'
import type { ToolDependencies } from './call.ts'
import { ToolFailure, tooLarge } from './failure.ts'

/** What a process of a tool sees of the environment of flowrun: the rest may hold secrets. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot', 'TEMP', 'TMP', 'PATHEXT']
/** Between the request to end and the end. */
const KILL_GRACE_MS = 1000
const STDERR_KEPT = 2000

/** A process of a tool, in a process group of its own. */
export interface ToolProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** Ends it with all that it has started: SIGTERM, and SIGKILL a second later. */
  stop(): void
  /** The end of what it wrote to stderr. */
  errorText(): string
  /** Rejects where it cannot be started. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly killedBy: NodeJS.Signals | null }>
}

export interface ProcessStart {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly timers: Timers
}

/** @throws ToolFailure `tool/invalid-input` for words that no process can be given. */
export function startProcess({ argv, environment, signal, timers }: ProcessStart): ToolProcess {
  const [file = '', ...words] = argv
  if (argv.some(word => word.includes('\0'))) throw new ToolFailure('tool/invalid-input', `${file} cannot be given a word with a NUL in it`)
  const hasGroup = process.platform !== 'win32'
  const child = spawn(file, words, { env: environment, stdio: 'pipe', detached: hasGroup, windowsHide: true })
  const kill = (how: NodeJS.Signals) => {
    if (child.pid === undefined) return
    try {
      if (hasGroup) process.kill(-child.pid, how)
      else child.kill(how)
    } catch {
      // There is nobody left.
    }
  }
  let cancelKill = () => {}
  const stop = () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    kill('SIGTERM')
    cancelKill()
    cancelKill = timers.after(KILL_GRACE_MS, () => kill('SIGKILL'))
  }
  let errorText = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-STDERR_KEPT)
  })
  // It may end before it has read all.
  child.stdin.on('error', () => {})
  const ended = new Promise<Awaited<ToolProcess['ended']>>((resolve, reject) => {
    child.on('error', error =>
      reject(new ToolFailure('tool/command-failed', `${file} cannot be started: ${withoutStop(systemErrorSentence(error))}`)),
    )
    // What it left behind would keep its pipes open.
    child.on('exit', () => kill('SIGKILL'))
    child.on('close', (exitCode, killedBy) => resolve({ exitCode, killedBy }))
  }).finally(() => {
    cancelKill()
    signal.removeEventListener('abort', stop)
  })
  // Whoever fails before it ends does not wait for it.
  ended.catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return { child, stop, errorText: () => errorText, ended }
}

/** The environment of a process: what every program needs, and what the tool gives it. @throws MissingSecret */
export async function environmentOf(
  given: Readonly<Record<string, string | SecretText>> = {},
  { environment, secrets }: Pick<ToolDependencies, 'environment' | 'secrets'>,
): Promise<Readonly<Record<string, string>>> {
  const inherited = INHERITED.flatMap(name => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const own = await Promise.all(Object.entries(given).map(async ([name, text]) => [name, await resolveSecretText(text, secrets)] as const))
  return Object.fromEntries([...inherited, ...own])
}

/** All that a process writes, counted before it is kept (OWN-8). */
export async function readOutput({ child, stop }: ToolProcess, who: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      stop()
      throw tooLarge(who, maxBytes)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
