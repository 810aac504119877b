import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RecordedRequest } from './protocol-server.ts'

/** A server that gives recorded answers, byte for byte, and remembers what it was asked. */
export interface ReplayServer {
  readonly url: string
  readonly requests: readonly RecordedRequest[]
  /** What every request gets from now on. */
  play(recording: Recording): void
  close(): Promise<void>
}

export interface Recording {
  readonly status: number
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export async function startReplayServer(): Promise<ReplayServer> {
  const requests: RecordedRequest[] = []
  let recording: Recording = { status: 500, contentType: 'text/plain', body: 'nothing to play' }
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    requests.push({ path: incoming.url ?? '', headers: incoming.headers, body: text === '' ? undefined : JSON.parse(text) })
    response.writeHead(recording.status, { 'content-type': recording.contentType, ...recording.headers }).end(recording.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    play(next) {
      recording = next
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
