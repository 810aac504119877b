import { createServer } from 'node:net'

/**
 * A chat completions server that answers at once, written on bare sockets so that it costs as little as can be: what is
 * measured beside it is the client. Prints its port.
 */
const WORDS = 50

const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'bench-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(WORDS).trim() }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: WORDS, total_tokens: 20 + WORDS },
})
const plain = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(answer)}\r\nconnection: keep-alive\r\n\r\n${answer}`,
)

function chunk(delta: object, more: object = {}): string {
  const content = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'bench-1' }
  return `data: ${JSON.stringify({ ...content, choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`
}

const events = [
  ...Array.from({ length: WORDS }, () => chunk({ role: 'assistant', content: 'word ' })),
  chunk({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({}, { choices: [], usage: { prompt_tokens: 20, completion_tokens: WORDS, total_tokens: 20 + WORDS } }),
  'data: [DONE]\n\n',
].join('')
const streamed = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n${Buffer.byteLength(events).toString(16)}\r\n${events}\r\n0\r\n\r\n`,
)

const server = createServer(socket => {
  let text = ''
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', data => {
    text += data.toString('latin1')
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
      const body = text.slice(end + 4, end + 4 + length)
      if (body.length < length) return
      text = text.slice(end + 4 + length)
      socket.write(body.includes('"stream":true') ? streamed : plain)
    }
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : ''}\n`)
})
