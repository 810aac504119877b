import type { JsonObject } from '../../../base/json.ts'
import type { Redactor } from '../../../gateway/redactor.ts'
import { shortText, ToolFailure, tooLarge } from './failure.ts'
import { answers, type McpTransport, replyTo } from './mcp-session.ts'
import type { ToolProcess } from './process.ts'

/** Speaks with an MCP server that is a process of ours: a message a line. */
export function stdioTransport(server: ToolProcess, who: string, redactor: Redactor): McpTransport {
  const { child } = server
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest: Buffer = Buffer.alloc(0)
  const send = (message: JsonObject) => void child.stdin.write(`${JSON.stringify(message)}\n`)
  const ended = async (): Promise<never> => {
    const { exitCode } = await server.ended
    const said = shortText(server.errorText().trim().split('\n').at(-1) ?? '', redactor)
    const how = exitCode === null ? 'was ended' : `ended with exit code ${exitCode}`
    throw new ToolFailure('tool/unreachable', `${who} ${how} before it answered${said === '' ? '' : `: ${said}`}`, {
      retryable: true,
      isUnanswered: true,
    })
  }
  const nextLine = async (room: number): Promise<Buffer> => {
    const parts = [rest]
    let bytes = rest.length
    let newline = rest.indexOf(10)
    while (newline < 0) {
      if (bytes > room) throw tooLarge(who, room)
      const { value, done } = await chunks.next()
      if (done === true) return ended()
      const at = value.indexOf(10)
      newline = at < 0 ? -1 : bytes + at
      bytes += value.length
      parts.push(value)
    }
    const all = parts.length === 1 ? rest : Buffer.concat(parts)
    rest = all.subarray(newline + 1)
    if (newline > room) throw tooLarge(who, room)
    return all.subarray(0, newline)
  }
  return {
    who,
    async request(message, maxBytes) {
      send(message)
      for (let room = maxBytes; ; ) {
        const line = await nextLine(room)
        room -= line.length
        const heard = parsed(line)
        if (answers(heard, message)) return heard
        const reply = replyTo(heard)
        if (reply) send(reply)
      }
    },
    notify: async message => send(message),
    agreed() {},
    async close() {
      child.stdin.end()
      server.stop()
      // What nobody reads would keep it from being closed.
      child.stdout.destroy()
      await server.ended.catch(() => {})
    },
  }
}

/** Servers print what is no message, too: it is passed over. */
function parsed(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch {
    return undefined
  }
}
