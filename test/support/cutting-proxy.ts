import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Where a connection breaks. */
export interface Cut {
  /** The statement that it breaks at, from 1; a connection's begin counts as one. */
  readonly at: number
  /** `request`: it never arrives. `answer`: it is carried out, and nobody hears. */
  readonly loses: 'request' | 'answer'
  /** No later connection comes about either. */
  readonly forGood: boolean
}

/** Stands between PostgreSQL and its clients, and breaks their connections. */
export interface CuttingProxy {
  readonly port: number
  /** Statements since it was last armed. */
  readonly statements: number
  /** Counts from the beginning again; without a cut, everything passes. */
  arm(cut?: Cut): void
  close(): Promise<void>
}

/** Messages of the client that the server answers: a simple query, and the Sync that ends an extended one. */
const ANSWERED = new Set(['Q'.charCodeAt(0), 'S'.charCodeAt(0)])

/** @param port where PostgreSQL is, on this machine. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let armed: Cut | undefined
  let statements = 0
  const connections = new Set<Connection>()
  const isCutAt = (loses: Cut['loses']) => armed?.at === statements && armed.loses === loses
  const server = createServer(client => {
    if (armed?.forGood && statements >= armed.at) return void client.destroy()
    const connection = join(client, connect(port, '127.0.0.1'), () => {
      statements++
      if (isCutAt('request')) return 'cut'
      return isCutAt('answer') ? 'cut-answer' : 'pass'
    })
    connections.add(connection)
    client.on('close', () => connections.delete(connection))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    port: address.port,
    get statements() {
      return statements
    },
    arm(cut) {
      armed = cut
      statements = 0
    },
    async close() {
      for (const connection of connections) connection.end()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Connection {
  end(): void
}

type Fate = 'pass' | 'cut' | 'cut-answer'

/** @param onStatement is asked for each statement that the client sends. */
function join(client: Socket, server: Socket, onStatement: () => Fate): Connection {
  let answersAreLost = false
  let unread: Buffer = Buffer.alloc(0)
  let begun = false
  const end = () => {
    client.destroy()
    server.destroy()
  }
  // Statements are many small messages: held back to be sent together, each would take 40 ms.
  for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('close', end)
  client.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    for (;;) {
      // The first message has no type before its length.
      const head = begun ? 1 : 0
      if (unread.length < head + 4) return
      const length = head + unread.readInt32BE(head)
      if (unread.length < length) return
      const message = unread.subarray(0, length)
      unread = unread.subarray(length)
      const fate = begun && !ANSWERED.has(message[0] ?? 0) ? 'pass' : onStatement()
      begun = true
      if (fate === 'cut') return end()
      if (fate === 'cut-answer') answersAreLost = true
      server.write(message)
    }
  })
  server.on('data', chunk => {
    // What answers a statement was carried out before it was said.
    if (answersAreLost) end()
    else client.write(chunk)
  })
  return { end }
}
