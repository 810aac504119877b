import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import type { ToolSpec } from '../../../src/artifact/tool.ts'
import { callTool, inputOf, outcomeLine, toolDependencies, toolSpec } from '../../support/tool-call.ts'

/** A program in JavaScript, without a file. */
function program(code: string, changes: Partial<ToolSpec> = {}, words: readonly string[] = []): ToolSpec {
  return toolSpec({ input: inputOf('a', 'b'), command: { argv: [process.execPath, '-e', code, '--', ...words] }, ...changes })
}

const echo = 'process.stdin.pipe(process.stdout)'

t.test('the input goes to stdin, stdout is the result, and no shell reads the words', async t => {
  t.equal(await outcomeLine(callTool(program(echo), { with: { a: 'x' } })), 'done {"output":{"a":"x"}}')
  const words = 'console.log(JSON.stringify(process.argv.slice(1)))'
  const evil = '$(touch /tmp/evil); `id` "\' && *'
  const spec = program(words, {
    command: { argv: [process.execPath, '-e', words, '--', { $expr: 'input.a' }, { $template: 'b=${input.b}' }] },
  })
  t.match(await callTool(spec, { with: { a: evil, b: '*' } }), {
    outcome: { attributes: { output: [evil, 'b=*'] } },
    facts: { outcome: 'ok' },
  })
  t.match(await outcomeLine(callTool(spec, { with: { a: 'x\0y', b: '' } })), /^tool\/invalid-input: .* NUL in it$/)
  t.equal(await outcomeLine(callTool(program(''))), 'done {"output":null}', 'nothing at all is null')
})

t.test('how a command fails', async t => {
  const fails = 'console.error("first"); console.error("the disk is full"); process.exit(3)'
  t.equal(await outcomeLine(callTool(program(fails))), `tool/command-failed: ${process.execPath} ended with exit code 3: the disk is full`)
  const missing = toolSpec({ input: inputOf(), command: { argv: ['/nonexistent/tool'] } })
  t.equal(await outcomeLine(callTool(missing)), 'tool/command-failed: /nonexistent/tool cannot be started: There is no such file or folder')
  t.match(await outcomeLine(callTool(program('console.log("{")'))), /^tool\/invalid-output: .* is not JSON$/)
  t.match(await outcomeLine(callTool(program('process.stdout.write(Buffer.from([0x22, 0xff, 0x22]))'))), /is not JSON$/)
  t.match(await outcomeLine(callTool(program('process.kill(process.pid, "SIGKILL")'))), /was ended by SIGKILL$/)
  const big = { a: 'x'.repeat(2_000_000) }
  t.match(await outcomeLine(callTool(program('process.exit(0)'), { with: big })), /^done/, 'it need not read its input')
  const refused = toolDependencies({}, { mayStartProcesses: false })
  t.match(await outcomeLine(callTool(program(echo), { dependencies: refused })), /^tool\/command-refused: tool.test would start a process/)
})

t.test('OWN-8: a command that writes without end is ended', async t => {
  const endless = 'const more = () => { while (process.stdout.write("x".repeat(65536))); process.stdout.once("drain", more) }; more()'
  t.match(
    await outcomeLine(callTool(program(endless, { max_result_bytes: 100_000 }))),
    /^tool\/result-too-large: .* answered with more than 100000 bytes$/,
  )
})

t.test('a command sees few variables, its own secrets, and the key of an idempotent call', async t => {
  const shown = 'console.log(JSON.stringify(process.env))'
  const dependencies = toolDependencies({ TOKEN: 'tok-12345', OTHER_KEY: 'key-67890' })
  const env = { API_TOKEN: { $secret: 'TOKEN' }, PLAIN: 'yes' }
  const spec = program(shown, { replay: 'idempotent', command: { argv: [process.execPath, '-e', shown], env } })
  const result = await callTool(spec, { dependencies })
  t.match(result, {
    outcome: { attributes: { output: { PLAIN: 'yes', API_TOKEN: '(secret TOKEN)', FLOWRUN_IDEMPOTENCY_KEY: /^[0-9a-f]{64}$/ } } },
  })
  t.notMatch(JSON.stringify(result), /key-67890|OTHER_KEY|tok-12345/)
  const told = 'console.error("bad token " + process.env.API_TOKEN); process.exit(1)'
  const failed = program(told, { command: { argv: [process.execPath, '-e', told], env } })
  t.match(await outcomeLine(callTool(failed, { dependencies })), /bad token \(secret TOKEN\)$/)
  const missing = program(shown, { command: { argv: [process.execPath], env: { A: { $secret: 'NOBODY' } } } })
  t.match(await outcomeLine(callTool(missing, { dependencies })), /^paused secret\/missing/)
})

t.test('a timeout and an abort end the whole group of processes, also one that does not listen', async t => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  // A process that lives is one that holds its connection.
  const { port } = server.address() as AddressInfo
  const deaf = 'process.on("SIGTERM", () => {});'
  const child = `${deaf} require("net").connect(${port}, "127.0.0.1", () => process.send("connected")).on("error", () => {})`
  const tree = `${deaf} require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}], { stdio: ["inherit", "inherit", "inherit", "ipc"] })`
  const grandchild = async () => {
    const [socket] = (await once(server, 'connection')) as [Socket]
    return once(socket.on('error', () => {}).resume(), 'close')
  }
  const abort = new AbortController()
  const arrived = once(server, 'connection')
  const ended = grandchild()
  const call = callTool(program(tree), { signal: abort.signal })
  await arrived
  abort.abort()
  await t.rejects(call)
  await ended
  t.pass('nobody is left after an abort')
  const timedOut = grandchild()
  t.equal(await outcomeLine(callTool(program(tree, { timeout_ms: 5000, replay: 'once' }))), 'unknown')
  await timedOut
  const left = grandchild()
  const leaving = `const it = ${tree.replace(deaf, '')}; it.on("message", () => { console.log(1); process.exit(0) })`
  t.equal(await outcomeLine(callTool(program(leaving))), 'done {"output":1}', 'what it leaves behind keeps nobody waiting')
  await left
  const hanging = program('setInterval(() => {}, 1e6)', { timeout_ms: 200 })
  t.match(await outcomeLine(callTool(hanging)), /^tool\/timeout: tool.test gave no answer in 200ms/)
})
