import { spawnSync } from 'node:child_process'

/** Times of one command in milliseconds, and the most memory that it held. */
export interface Measured {
  readonly medianMs: number
  readonly fastestMs: number
  /** Of the median run; undefined where the system does not tell. */
  readonly peakMb: number | undefined
}

export interface Command {
  readonly words: readonly string[]
  readonly cwd: string
  /** Run before each time, and not measured. */
  readonly before?: () => void
  readonly acceptedCodes?: readonly number[]
}

/** Runs a whole process several times, as a person would start it. @throws Error when it fails: a failing command is not fast. */
export function measure(command: Command, runs: number): Measured {
  const samples = Array.from({ length: runs }, () => measureOnce(command)).sort((a, b) => a.ms - b.ms)
  const median = samples[Math.floor(samples.length / 2)]
  return { medianMs: median?.ms ?? 0, fastestMs: samples[0]?.ms ?? 0, peakMb: median?.peakMb }
}

function measureOnce({ words, cwd, before, acceptedCodes = [0] }: Command): { readonly ms: number; readonly peakMb: number | undefined } {
  before?.()
  // GNU time tells the peak resident size of the child; without it only wall time is known.
  const timed = ['/usr/bin/time', '-f', '%M', ...words]
  const hasTime = spawnSync('/usr/bin/time', ['--version']).status === 0
  const [program = '', ...rest] = hasTime ? timed : words
  const began = performance.now()
  const { status, stderr } = spawnSync(program, rest, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CI: '1', NO_COLOR: '1' },
    maxBuffer: 2 ** 30,
  })
  const ms = performance.now() - began
  if (status === null || !acceptedCodes.includes(status)) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`)
  const kilobytes = hasTime ? Number(stderr.trim().split('\n').at(-1)) : Number.NaN
  return { ms, peakMb: Number.isNaN(kilobytes) ? undefined : kilobytes / 1000 }
}

/** Prints a table: words left, numbers right. */
export function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map(row => (row[column] ?? '').length)))
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')
  process.stdout.write(`\n${title}\n${[header, ...rows].map(line).join('\n')}\n`)
}

export function milliseconds({ medianMs, fastestMs }: Measured): string {
  return `${round(medianMs)} ms (${round(fastestMs)})`
}

export function megabytes({ peakMb }: Measured): string {
  return peakMb === undefined ? 'unknown' : `${Math.round(peakMb)} MB`
}

export function ratio(ours: Measured, theirs: Measured | undefined): string {
  return theirs === undefined ? '' : `${(theirs.medianMs / ours.medianMs).toFixed(1)}×`
}

function round(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : Math.round(ms).toString()
}
