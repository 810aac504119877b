import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http2'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer as createPort } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Load, measureLoad, RESULT, RUNS, STEPS } from './load.ts'

export interface RestateFigures extends Load {
  readonly version: string
  readonly readyMs: number
  /** Of the server, in bytes; undefined where the system does not tell. */
  readonly idleBytes: number | undefined
  readonly loadedBytes: number | undefined
}

/** The server is ready in a second on an idle machine. */
const READY_MS = 30_000
/** More partitions were slower on two cores: 502 runs a second with its default of 24, 752 with 4. */
const PARTITIONS = '4'
const { resolve } = createRequire(import.meta.url)

/**
 * The same five steps on Restate's server, with the handler in this process.
 *
 * @returns why there are no figures, where the server cannot be started.
 */
export async function measureRestate(): Promise<RestateFigures | string> {
  const program = serverProgram()
  if (program === undefined) return `Restate's server is not installed for ${process.platform} ${process.arch}: its column is left out.`
  const directory = mkdtempSync(join(tmpdir(), 'flowrun-bench-restate-'))
  const ports = { ingress: await freePort(), admin: await freePort(), node: await freePort() }
  const startedAt = performance.now()
  const server = spawn(program, ['--no-logo', '--base-dir', directory], { env: settings(ports), stdio: 'ignore' })
  const ended = new Promise<void>(resolve => server.once('close', () => resolve()).once('error', () => resolve()))
  try {
    if (!(await isReady(server, ports.admin))) return `Restate's server did not start within ${READY_MS / 1000} s: its column is left out.`
    const readyMs = performance.now() - startedAt
    const idleBytes = residentBytes(server)
    return { version: versionOf(), readyMs, idleBytes, ...(await underLoad(ports)), loadedBytes: residentBytes(server) }
  } finally {
    server.kill('SIGKILL')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

function serverProgram(): string | undefined {
  try {
    return resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`)
  } catch {
    return undefined
  }
}

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('@restatedev/restate-server/package.json')), 'utf8')) as {
    version: string
  }
  return version
}

/** Nothing but loopback, and nothing told to anybody. */
function settings({ ingress, admin, node }: Readonly<Record<'ingress' | 'admin' | 'node', number>>): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_DEFAULT_NUM_PARTITIONS: PARTITIONS,
    RESTATE_BIND_IP: '127.0.0.1',
    RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${node}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_LOG_FILTER: 'error',
  }
}

async function isReady(server: ChildProcess, admin: number): Promise<boolean> {
  const until = performance.now() + READY_MS
  while (performance.now() < until && server.exitCode === null && server.pid !== undefined) {
    const answer = await fetch(`http://127.0.0.1:${admin}/health`).catch(() => undefined)
    if (answer?.ok) return true
    await delay(20)
  }
  return false
}

async function underLoad({ ingress, admin }: { readonly ingress: number; readonly admin: number }): Promise<Load> {
  const { createEndpointHandler, service } = await import('@restatedev/restate-sdk')
  let ended = 0
  const bench = service({
    name: 'bench',
    handlers: {
      run: async (context: import('@restatedev/restate-sdk').Context) => {
        for (let step = 0; step < STEPS; step++) await context.run(`s${step}`, async () => RESULT)
        ended++
      },
    },
  })
  const worker = createServer(createEndpointHandler({ services: [bench], logger: () => {} })).listen(0, '127.0.0.1')
  await new Promise(resolve => worker.once('listening', resolve))
  const post = async (url: string, body?: object) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', ...(body && { headers, body: JSON.stringify(body) }) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`)
  }
  try {
    await post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${(worker.address() as AddressInfo).port}` })
    return await measureLoad(
      () => post(`http://127.0.0.1:${ingress}/bench/run/send`),
      async () => {
        while (ended < RUNS) await delay(5)
      },
    )
  } finally {
    worker.close()
  }
}

function residentBytes({ pid }: ChildProcess): number | undefined {
  if (process.platform !== 'linux') return undefined
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

async function freePort(): Promise<number> {
  const server = createPort().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
