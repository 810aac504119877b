import type { EffectExecutor } from '../../src/engine/durable/effect.ts'
import { openEngine, openRecords, succeed } from './runs.ts'

/** A worker whose steps are calls of a tool server on loopback, which counts them. */
export interface EngineProcess {
  readonly directory: string
  readonly url: string
  readonly concurrency: number
}

/** What a step of a run does, as its input says. */
export type Behaviour = 'call' | 'throw' | 'hang' | 'flood' | 'bomb'

const FLOOD_CHARACTERS = 50 * 1024 * 1024

function executor(url: string): EffectExecutor {
  return async (command, run, _, { effectKey, signal }) => {
    const { behaviour = 'call' } = run.input as { readonly behaviour?: Behaviour }
    if (behaviour === 'throw') throw new Error('It always throws')
    if (behaviour === 'hang') return new Promise(() => {})
    if (behaviour === 'flood') return succeed({ output: 'x'.repeat(FLOOD_CHARACTERS) })
    if (behaviour === 'bomb') for (const hoard: string[][] = []; ; ) hoard.push(new Array(1_000_000).fill('x'))
    const response = await fetch(`${url}/${run.id}/${command.path}?key=${effectKey}`, { signal })
    return succeed({ output: await response.text() })
  }
}

/** Executes whatever is queued until it is told to end by SIGTERM: then it drains. */
async function work({ directory, url, concurrency }: EngineProcess): Promise<void> {
  const store = await openRecords(directory)
  const engine = openEngine(store, executor(url), { concurrency })
  engine.start()
  process.on('SIGTERM', async () => {
    await engine.drain(5000)
    await store.close()
    process.exit(0)
  })
  process.stdout.write('ready\n')
}

if (process.argv[1] === import.meta.filename) await work(JSON.parse(process.argv[2] ?? '{}'))
