import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Breaker, WindowPart } from '../breaker/breaker.ts'
import { LIMIT_WINDOW_MS, type LimitStatus } from '../limits/limit.ts'
import type { LoadProcess, LoadSnapshot } from './process.ts'

/** What was saved longer ago says nothing of now: the longest windows are of minutes. */
const KEPT_MS = 600_000
const FORMAT = 1

/**
 * The load of the processes of a project, one small file for each: SQLite would cost each short run 40 ms for 500 bytes
 * that nobody misses when they are lost. So nothing here fails a call, and a damaged file is none.
 */
export interface LoadFiles {
  /** Of each other process that runs, and of all that have ended together: the next one goes on from that. */
  read(): Promise<readonly LoadProcess[]>
  /** What those that have ended have counted, and which breakers those that run have opened, by key. */
  remembered(): Promise<ReadonlyMap<string, Breaker>>
  save(snapshot: LoadSnapshot): Promise<void>
}

interface Found extends LoadProcess {
  readonly file: string
}

export function createLoadFiles({
  directory,
  clock,
  pid,
}: {
  readonly directory: string
  readonly clock: Clock
  readonly pid: number
}): LoadFiles {
  const own = `${pid}-${Math.round(clock.now()).toString(36)}.json`
  /** Gone on from by this process: taken away when it has saved its own, with what it has not counted further. */
  let taken: readonly Found[] = []
  let left: LoadSnapshot['breakers'] = []
  const find = async (): Promise<readonly Found[]> => {
    const names = await readdir(directory).catch((): string[] => [])
    const found = await Promise.all(
      names.filter(name => name !== own && name.endsWith('.json')).map(name => readLoad(join(directory, name))),
    )
    return found
      .flatMap(process => process ?? [])
      .filter(({ savedAtMs }) => Math.abs(clock.now() - savedAtMs) < KEPT_MS)
      .toSorted((a, b) => b.savedAtMs - a.savedAtMs)
  }
  return {
    async read() {
      const found = await find()
      const ended = found.filter(({ isRunning }) => !isRunning)
      const [newest] = ended
      const running = found
        .filter(({ isRunning }) => isRunning)
        .map(one => ({ ...one, limits: one.limits.map(limit => sinceThen(limit, one, clock)) }))
      return [...running, ...(newest === undefined ? [] : [{ ...newest, ...summed(ended) }])]
    },
    async remembered() {
      const found = await find()
      taken = found.filter(({ isRunning }) => !isRunning)
      left = summed(taken).breakers
      return mergeBreakers(found)
    },
    async save({ breakers, limits }) {
      const path = join(directory, own)
      const all = [...breakers, ...left.filter(({ key }) => breakers.every(kept => kept.key !== key))]
      const text = JSON.stringify({ format: FORMAT, pid, host: hostname(), saved_at_ms: clock.now(), breakers: all, limits })
      try {
        await mkdir(directory, { recursive: true })
        await writeFile(`${path}.new`, text)
        await rename(`${path}.new`, path)
        await Promise.all(taken.map(({ file }) => rm(file, { force: true })))
        taken = []
      } catch {
        // A full disk or a read-only folder: this process knows its own counts all the same.
      }
    },
  }
}

async function readLoad(file: string): Promise<Found | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8'))
    const isSound = value.format === FORMAT && Array.isArray(value.breakers) && Array.isArray(value.limits)
    if (!isSound || !value.breakers.every((kept: LoadSnapshot['breakers'][number]) => isBreaker(kept.breaker))) return undefined
    const { pid, host, saved_at_ms: savedAtMs, breakers, limits } = value
    return { file, pid, savedAtMs, breakers, limits, isRunning: host !== hostname() || isAlive(pid) }
  } catch {
    return undefined
  }
}

function isBreaker({ parts, opened }: Breaker): boolean {
  const isPart = ({ number, calls, failures }: WindowPart) => [number, calls, failures].every(Number.isFinite)
  return (
    parts.every(isPart) && (opened === undefined || [opened.atMs, opened.untilMs, opened.calls, opened.failures].every(Number.isFinite))
  )
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is there, and another's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** A process that counts nothing new saves nothing: what it counted then has left the window. */
function sinceThen(limit: LimitStatus, { savedAtMs }: LoadProcess, clock: Clock): LimitStatus {
  return clock.now() - savedAtMs < LIMIT_WINDOW_MS ? limit : { ...limit, requests: 0, tokens: 0 }
}

function summed(ended: readonly LoadProcess[]): LoadSnapshot {
  const kept = new Map(ended.flatMap(({ breakers }) => breakers).map(breaker => [breaker.key, breaker]))
  const merged = mergeBreakers(ended)
  return { breakers: [...kept.values()].map(one => ({ ...one, breaker: merged.get(one.key) ?? one.breaker })), limits: [] }
}

function mergeBreakers(processes: readonly LoadProcess[]): ReadonlyMap<string, Breaker> {
  const merged = new Map<string, Breaker>()
  for (const { breakers, isRunning } of processes)
    for (const { key, breaker } of breakers) {
      const { parts, opened } = merged.get(key) ?? { parts: [] }
      const newest = [opened, breaker.opened].flatMap(one => one ?? []).toSorted((a, b) => b.atMs - a.atMs)[0]
      // The counts of a process that runs are its own.
      merged.set(key, { parts: isRunning ? parts : addParts(parts, breaker.parts), ...(newest && { opened: newest }) })
    }
  return merged
}

function addParts(one: readonly WindowPart[], other: readonly WindowPart[]): readonly WindowPart[] {
  const sums = new Map<number, WindowPart>()
  for (const { number, calls, failures } of [...one, ...other]) {
    const sum = sums.get(number) ?? { calls: 0, failures: 0 }
    sums.set(number, { number, calls: sum.calls + calls, failures: sum.failures + failures })
  }
  return [...sums.values()].toSorted((a, b) => a.number - b.number)
}
