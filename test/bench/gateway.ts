import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { printTable } from './measure.ts'

const CALLS = { plain: 12_000, stream: 3_000 } as const
const MEMORY_CALLS = 400_000
const MEMORY_EVERY = 20_000
const REPEATS = 3

interface Rate {
  readonly perSecond: number
  readonly cpuMicros: number
  /** After each stretch of calls; one where nobody asked for more. */
  readonly residentMb: readonly number[]
}

/** A client, and the process whose work it measures besides its own. */
interface Contender {
  readonly name: string
  readonly kind: 'raw' | 'flowrun' | 'flowrun+all' | 'portkey'
  readonly address: string
  readonly provider?: string
  readonly server?: ChildProcess
}

/**
 * Calls of one zero-latency server: undici alone, flowrun, and Portkey's gateway, with their CPU time a call. Goals of
 * flowrun at 32 in flight: 6,000 calls/s, and 160 µs CPU a call over undici's own.
 */
export async function gatewayBench(): Promise<void> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'gateway/chat-server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = Number(await firstLine(server))
  const address = `http://127.0.0.1:${port}/v1`
  const portkeyPort = await freePort()
  const portkey = await startPortkey(portkeyPort)
  const contenders: readonly Contender[] = [
    { name: 'undici alone', kind: 'raw', address },
    { name: 'flowrun', kind: 'flowrun', address },
    { name: 'flowrun, with budget, cache and guards', kind: 'flowrun+all', address },
    {
      name: `Portkey ${portkeyVersion()}`,
      kind: 'portkey',
      address: `http://127.0.0.1:${portkeyPort}/v1`,
      provider: address,
      server: portkey,
    },
  ]
  try {
    for (const inFlight of [1, 32]) await compare(contenders, 'plain', inFlight)
    // Portkey 1.15.2 answers "Something went wrong" to a stream of this server: it is measured on whole answers alone.
    const streaming = contenders.filter(({ kind }) => kind !== 'portkey')
    for (const inFlight of [1, 32]) await compare(streaming, 'stream', inFlight)
    await memory(address)
  } finally {
    portkey.kill('SIGKILL')
    server.kill('SIGKILL')
  }
}

async function compare(contenders: readonly Contender[], mode: 'plain' | 'stream', inFlight: number): Promise<void> {
  const calls = inFlight === 1 ? CALLS[mode] / 6 : CALLS[mode]
  const rows: string[][] = []
  let floor = 0
  for (const contender of contenders) {
    const runs: Rate[] = []
    for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(await measureCalls(contender, calls, inFlight, mode))
    const perSecond = runs.map(run => run.perSecond).sort((a, b) => b - a)
    const cpu = Math.min(...runs.map(run => run.cpuMicros))
    if (contender.kind === 'raw') floor = cpu
    rows.push([
      contender.name,
      Math.round(perSecond[Math.floor(REPEATS / 2)] ?? 0).toLocaleString('en'),
      Math.round(perSecond[0] ?? 0).toLocaleString('en'),
      `${Math.round(cpu)} µs`,
      contender.kind === 'raw' ? '' : `+${Math.round(cpu - floor)} µs`,
    ])
  }
  const what = mode === 'plain' ? 'whole answers' : 'streams of 50 pieces'
  printTable(
    `Gateway: ${what}, ${inFlight} in flight, ${calls.toLocaleString('en')} calls, ${REPEATS} runs`,
    ['', 'calls/s (median)', 'best', 'CPU a call (best)', 'over undici'],
    rows,
  )
}

/** The client's figures, with the CPU time of the gateway's own process where there is one. */
async function measureCalls(
  { kind, address, provider = '', server }: Contender,
  calls: number,
  inFlight: number,
  mode: string,
  sampleEvery = calls,
): Promise<Rate> {
  const before = server ? cpuMicros(server) : 0
  const client = spawn(
    process.execPath,
    [join(import.meta.dirname, 'gateway/client.ts'), kind, address, String(calls), String(inFlight), mode, provider, String(sampleEvery)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const rate: Rate = JSON.parse(await firstLine(client))
  if (server === undefined) return rate
  // Its warm-up is in it: ten thousand calls, or as many as are measured.
  const made = calls + Math.min(10_000, calls)
  return { ...rate, cpuMicros: (cpuMicros(server) - before) / made }
}

/** utime and stime of a process in ticks of 10 ms (proc(5)); Linux alone. */
function cpuMicros({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** A gateway that keeps something of each call grows for ever: all samples are printed, and how they go on after the first half. */
async function memory(address: string): Promise<void> {
  for (const kind of ['flowrun', 'flowrun+all'] as const) {
    const { residentMb } = await measureCalls({ name: kind, kind, address }, MEMORY_CALLS, 32, 'plain', MEMORY_EVERY)
    const rows = residentMb.map((mb, index) => [((index + 1) * MEMORY_EVERY).toLocaleString('en'), `${Math.round(mb)} MB`])
    printTable(`Gateway: memory of ${kind}`, ['calls', 'resident'], rows)
    const late = residentMb.slice(residentMb.length / 2)
    const change = Math.round((late.at(-1) ?? 0) - (late[0] ?? 0))
    process.stdout.write(
      `From ${(MEMORY_CALLS / 2 + MEMORY_EVERY).toLocaleString('en')} calls on: ${change > 0 ? '+' : ''}${change} MB, at most ${Math.round(Math.max(...late))} MB.\n`,
    )
  }
}

function portkeyVersion(): string {
  const { version } = createRequire(import.meta.url)('@portkey-ai/gateway/package.json')
  return String(version)
}

async function startPortkey(port: number): Promise<ChildProcess> {
  const start = createRequire(import.meta.url)
    .resolve('@portkey-ai/gateway/package.json')
    .replace('package.json', 'build/start-server.js')
  const portkey = spawn(process.execPath, [start, `--port=${port}`, '--headless'], {
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production' },
  })
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      return portkey
    await delay(100)
  }
  throw new Error('the gateway of Portkey did not start within 10 s')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the output of the process is not read')
  let text = ''
  for await (const chunk of stdout) {
    text += String(chunk)
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'))
  }
  throw new Error(`the process ended without a line: ${text}`)
}
