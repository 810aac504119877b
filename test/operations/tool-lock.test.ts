import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/base/json.ts'
import { prepareModules } from '../../src/operations/modules/prepare.ts'
import { validate } from '../../src/operations/validate.ts'
import { compile, hostIn, projectFolder, told } from '../support/configuration.ts'

const CUSTOMER: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { id: { type: 'integer', description: 'Of the "customer", $' + '{once}' }, city: { type: 'string' } },
  required: ['id'],
  additionalProperties: false,
}

/** A server whose tools a test may change, and when it was asked. */
async function crm(t: Test, tools: Record<string, JsonObject>) {
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const { id, method } = JSON.parse((await text(request)) || '{}')
    asked.push(method)
    if (id === undefined) return void response.writeHead(202).end()
    const listed = Object.entries(tools).map(([name, inputSchema]) => ({ name, inputSchema }))
    const result = method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities: {} } : { tools: listed }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  t.teardown(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, tools, asked, close }
}

const tool = (url: string, name: string, ...lines: readonly string[]) =>
  `tool "crm" {\n${lines.map(line => `  ${line}\n`).join('')}  mcp {\n    url  = "${url}"\n    tool = "${name}"\n  }\n  replay = "safe"\n}\n`
const field = (name: string, type: string) => `input {\n    field "${name}" { type = ${type} }\n  }`

async function init(folder: string, upgrade = false): Promise<readonly string[]> {
  const prepared = await prepareModules(hostIn(folder), { root: folder, upgrade, onFetching: () => {} })
  if (prepared.outcome === 'invalid')
    return prepared.diagnostics.flatMap(({ code, summary, notes = [] }) => [`${code} ${summary}`, ...notes])
  return [
    ...prepared.servers.map(({ action, tools }) => `${action} ${tools.join(', ')}`),
    ...prepared.warnings.map(({ code }) => `warning ${code}`),
    prepared.lock,
  ]
}

const lockOf = (folder: string) => readFileSync(join(folder, '.flowrun.lock.hcl'), 'utf8')
const problems = async (folder: string) => told(await validate(hostIn(folder), { variables: [] }))

t.test('init asks a server what its tools take, and locks that; the second time it finds the same', async t => {
  const server = await crm(t, { get_customer: CUSTOMER, search: { type: 'object' } })
  const folder = projectFolder(tool(server.url, 'get_customer'))
  t.same(await init(folder), ['locked get_customer', 'written'])
  t.match(lockOf(folder), `mcp "${server.url}" {\n  tools = ["get_customer", "search"]\n\n  tool "get_customer" {\n    digest = "sha256:`)
  t.notMatch(lockOf(folder), 'json-schema.org')
  const before = lockOf(folder)
  t.same(await init(folder), ['kept get_customer', 'same'])
  t.equal(lockOf(folder), before)
  const asked = server.asked.length
  t.same(await problems(folder), [], 'what it writes can be read')
  t.equal(server.asked.length, asked, 'a plan asks nobody')
  writeFileSync(join(folder, 'main.flow.hcl'), 'locals { nothing = 1 }\n')
  t.same(await init(folder), ['written'])
  t.notMatch(lockOf(folder), 'mcp', 'what nobody names is not kept')
})

t.test('a plan holds tools against the lock: names, fields, types, what nodes give', async t => {
  const server = await crm(t, { get_customer: CUSTOMER, search: { type: 'object' } })
  const folder = projectFolder(tool(server.url, 'get_customer'))
  await init(folder)
  const lock = lockOf(folder)
  const codes = (written: string) => {
    const { diagnostics } = compile({ 'main.flow.hcl': written, '.flowrun.lock.hcl': lock })
    return diagnostics.map(
      ({ code, summary, suggestions = [] }) => `${code} ${summary}${suggestions.length > 0 ? ` → ${suggestions}` : ''}`,
    )
  }
  t.same(codes(tool(server.url, 'get_custmer')), [`tool/unknown-tool ${server.url} has no tool "get_custmer" → get_customer`])
  const of = `get_customer of ${server.url}`
  t.same(codes(tool(server.url, 'get_customer', field('idd', 'integer'))), [
    `tool/input-mismatch ${of} does not take "idd" → id`,
    `tool/input-mismatch ${of} needs "id", which the input of the block does not have`,
  ])
  t.same(codes(tool(server.url, 'get_customer', field('id', 'string'))), [
    `tool/input-mismatch ${of} takes number as "id", and the block gives string`,
  ])
  t.same(codes(tool(server.url, 'get_customer', field('id', 'integer'))), [])
  t.same(codes(tool('https://other.example/mcp', 'anything')), [], 'a server that is not locked is not known')
  const node = `workflow "w" {\n  node "tool" "find" {\n    tool = tool.crm\n    with = { idd = 7 }\n  }\n}\n`
  t.match(codes(tool(server.url, 'get_customer') + node)[0], /"idd"/, 'without an input of its own, the locked one counts')
  const { spec } = compile({ 'main.flow.hcl': tool(server.url, 'get_customer'), '.flowrun.lock.hcl': lock })
  const { $schema: _, ...input } = CUSTOMER
  t.same(spec('tool', 'crm').input, input)
})

t.test('a changed schema is an error that says what changed, until it is taken', async t => {
  const server = await crm(t, { get_customer: CUSTOMER })
  const folder = projectFolder(tool(server.url, 'get_customer'))
  await init(folder)
  const before = lockOf(folder)
  server.tools.get_customer = { ...CUSTOMER, properties: { id: { type: 'string' }, zip: { type: 'string' } }, required: ['id', 'zip'] }
  t.same(await init(folder), [
    `tool/schema-changed get_customer of ${server.url} is not what is locked`,
    '~ properties.id.type: "string", was "integer"',
    '- properties.id.description: "Of the \\"customer\\", ${once}"',
    '- properties.city: {"type":"string"}',
    '+ properties.zip: {"type":"string"}',
    '+ required.1: "zip"',
  ])
  t.equal(lockOf(folder), before, 'nothing was taken')
  t.same(await init(folder, true), ['upgraded get_customer', 'written'])
  t.match(lockOf(folder), '"zip"')
  delete server.tools.get_customer
  t.same(await init(folder, true), [`tool/unknown-tool ${server.url} has no tool "get_customer"`])
  server.close()
  t.same(await init(folder), ['unreachable get_customer', 'warning tool/unreachable', 'same'], 'what is locked stays')
  t.match(await init(folder, true), [/^tool\/unreachable/])
})

t.test('NUM-4: a schema that has no digest is an error of its server, where a block uses it', async t => {
  const server = await crm(t, { broken: { type: 'object', description: '\ud83d' }, good: { type: 'object' } })
  const [problem, ...others] = await init(projectFolder(tool(server.url, 'broken')))
  t.equal(problem, `tool/mcp-error ${server.url} says of broken what cannot be locked`)
  t.same(others, [])
  t.same(await init(projectFolder(tool(server.url, 'good'))), ['locked good', 'written'])
})

t.test('a lock of any schemas can be read again', async t => {
  const odd = { type: 'object', properties: { 'a b': { const: null }, '${x}': { enum: ['%{if}', '"', '\n', 'é'] }, n: { minimum: -0.5 } } }
  const unusable = { type: 'object', properties: { a: { pattern: '(' } } }
  const server = await crm(t, { odd, unusable })
  for (const name of ['odd', 'unusable']) {
    const folder = projectFolder(tool(server.url, name))
    t.same(await init(folder), [`locked ${name}`, 'written'])
    t.same(await problems(folder), [])
    t.same(await init(folder), [`kept ${name}`, 'same'])
  }
})
