import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A step that was begun, as the world outside saw it: the oracle of what was executed. */
export interface Begun {
  readonly run: string
  readonly path: string
  readonly key: string
}

export interface ToolServer {
  readonly url: string
  readonly begun: readonly Begun[]
  close(): void
}

/** @param answer decides when a call is answered, and with what. */
export async function startToolServer(answer: (begun: Begun) => Promise<string>): Promise<ToolServer> {
  const begun: Begun[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [, run = '', path = ''] = url.pathname.split('/')
    const call = { run, path, key: url.searchParams.get('key') ?? '' }
    begun.push(call)
    void answer(call).then(text => response.end(text))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    begun,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
