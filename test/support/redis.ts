import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'

/** A redis-server of a test's own, on loopback, that keeps nothing. */
export interface TestRedis {
  readonly url: string
  /** Ends the server as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
}

/** Why tests with Redis cannot run here; false when they can. */
export const withoutRedis: false | string = redisBinary() === undefined ? 'redis-server is not on PATH' : false

function redisBinary(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'redis-server'))
    .find(path => existsSync(path))
}

/** @param options of redis-server, beyond port and folder: `--requirepass x`. */
export async function startRedis(t: Test, ...options: readonly string[]): Promise<TestRedis> {
  const port = await freePort()
  // A socket's path is short, and a fixture folder of tap is not.
  const folder = mkdtempSync(join(tmpdir(), 'flowrun-redis-'))
  let server = await start(port, folder, options)
  const kill = async () => {
    const ended = new Promise(resolve => server.once('exit', resolve))
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGKILL')
    await ended
  }
  t.teardown(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    url: `redis://127.0.0.1:${port}/0`,
    kill,
    async restart() {
      server = await start(port, folder, options)
    },
  }
}

async function start(port: number, folder: string, options: readonly string[]): Promise<ChildProcess> {
  const server = spawn(
    redisBinary() ?? 'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...options],
    { stdio: 'ignore' },
  )
  for (let attempt = 0; attempt < 500; attempt++) {
    if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`)
    if (await accepts(port)) return server
    await delay(10)
  }
  server.kill('SIGKILL')
  throw new Error('redis-server did not start within 5 s')
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
