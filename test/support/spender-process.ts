import { writeSync } from 'node:fs'
import { randomOf } from './seeded.ts'
import { counter, openSpending, reservation } from './spending.ts'

/** One of several processes that spend from one budget at the same time. */
export interface Spender {
  readonly folder: string
  readonly name: string
  readonly limitNano: number
  readonly calls: number
  readonly seed: number
  /** Kills itself after so many answers of the ledger. */
  readonly diesAfter?: number
}

/** Reserves and settles, all calls at once; prints each settled amount before anybody else can know of it. */
async function spend({ folder, name, limitNano, calls, seed, diesAfter = Number.POSITIVE_INFINITY }: Spender): Promise<void> {
  const { ledger, close } = await openSpending(folder)
  const random = randomOf(seed)
  let answers = 0
  const answered = () => {
    if (++answers >= diesAfter) process.kill(process.pid, 'SIGKILL')
  }
  const call = async (index: number) => {
    const id = `${name} ${index}.1`
    const amountNano = 1 + Math.floor(random() * 100)
    const expiresMs = Date.now() + 60_000
    const reserved = await ledger.reserve(reservation(id, amountNano, { counters: [counter({ limitNano })], expiresMs }))
    answered()
    if (reserved.outcome === 'refused') return
    const costNano = Math.floor(random() * (amountNano + 1))
    await ledger.settle(id, { costNano })
    writeSync(1, `${costNano}\n`)
    answered()
  }
  await Promise.all(Array.from({ length: calls }, (_, index) => call(index)))
  close()
}

if (process.argv[1] === import.meta.filename) await spend(JSON.parse(process.argv[2] ?? '{}'))
