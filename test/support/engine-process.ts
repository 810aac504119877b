import { spawn } from 'node:child_process'
import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import type { SuspectProcess } from '../../src/engine/durable/embedded/suspects.ts'
import { openEngine, openRecords, succeed } from './runs.ts'

/** A worker whose steps are calls of a tool server on loopback, which counts them. */
export interface EngineProcess {
  readonly directory: string
  readonly url: string
  readonly concurrency: number
  /** It works on runs that processes died of, and on no others. */
  readonly suspects?: true
}

/** What a step of a run does, as its input says. */
export type Behaviour = 'call' | 'throw' | 'hang' | 'flood' | 'bomb' | 'spin'

const FLOOD_CHARACTERS = 50 * 1024 * 1024

function executor(url: string): EffectExecutor {
  return async (command, run, _, { effectKey, signal }) => {
    const { behaviour = 'call' } = run.input as { readonly behaviour?: Behaviour }
    if (behaviour === 'throw') throw new Error('It always throws')
    if (behaviour === 'hang') return new Promise(() => {})
    if (behaviour === 'flood') return succeed({ output: 'x'.repeat(FLOOD_CHARACTERS) })
    if (behaviour === 'bomb') for (const hoard: string[][] = []; ; ) hoard.push(new Array(1_000_000).fill('x'))
    if (behaviour === 'spin') for (;;);
    const response = await fetch(`${url}/${run.id}/${command.path}?key=${effectKey}`, { signal })
    return succeed({ output: await response.text() })
  }
}

/** What a process of its own may hold: a bomb is over soon. */
const SUSPECT_HEAP_MB = 64

/** Starts this file anew for runs that its processes died of, as `flowrun engine` starts itself. */
export function startSuspects(given: EngineProcess): SuspectProcess {
  const words = [`--max-old-space-size=${SUSPECT_HEAP_MB}`, import.meta.filename, JSON.stringify({ ...given, suspects: true })]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin.on('error', () => {})
  const ended = new Promise<'done' | 'killed'>(resolve => child.once('exit', code => resolve(code === null ? 'killed' : 'done')))
  return { pid: child.pid, ended, drain: () => void child.stdin.end(), kill: () => void child.kill('SIGKILL') }
}

/** Executes whatever is queued until it is told to end by SIGTERM: then it drains. */
async function work(given: EngineProcess): Promise<void> {
  const { directory, url, concurrency, suspects } = given
  const store = await openRecords(directory)
  const engine = openEngine(store, executor(url), { concurrency, startSuspects: () => startSuspects(given) })
  const end = async () => {
    await engine.drain(5000)
    await store.close()
    process.exit(0)
  }
  if (suspects) {
    process.stdin.once('end', end).resume()
    await engine.runSuspects()
    return end()
  }
  engine.start()
  process.on('SIGTERM', end)
  process.stdout.write('ready\n')
}

if (process.argv[1] === import.meta.filename) await work(JSON.parse(process.argv[2] ?? '{}'))
