import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from 'undici'
import { createAnswerCache } from '../../../src/app/answer-cache.ts'
import { createSpending } from '../../../src/app/spending.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { digestOf } from '../../../src/base/digest.ts'
import { createUlidSource } from '../../../src/base/ids.ts'
import { createBreakers } from '../../../src/gateway/breaker/breakers.ts'
import { createGateway } from '../../../src/gateway/gateway.ts'
import { createRateLimiter } from '../../../src/gateway/limits/limiter.ts'
import { modelTarget, providerSpec } from '../../support/artifacts.ts'
import { callTo, gatewayDependencies } from '../../support/gateway.ts'

/**
 * Makes calls as fast as they are answered, and prints what they took as JSON. A process of its own, so that its CPU time
 * and memory are those of one client alone.
 *
 * Arguments: `raw`, `portkey` or `flowrun`; the address of the server; calls; calls in flight; `stream` or `plain`; the
 * address behind the gateway; after how many calls the memory is looked at, where it is.
 */
const [kind = '', address = '', calls = '0', inFlight = '1', mode = 'plain', provider = '', sampleEvery = calls] = process.argv.slice(2)
const streams = mode === 'stream'
const messages = [{ role: 'user', content: 'What is a release?' }]

function rawCall(headers: Record<string, string>): () => Promise<unknown> {
  const agent = new Agent()
  const body = JSON.stringify({ model: 'bench-1', messages, ...(streams && { stream: true }) })
  const { origin, pathname } = new URL(address)
  const path = `${pathname}/chat/completions`
  return async () => {
    const answer = await agent.request({ origin, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(text)
    return text
  }
}

const priced = [{ above_input_tokens: 0, input_nano_per_m: 150_000_000, output_nano_per_m: 600_000_000 }]
const rate_limit = { max_concurrency: 64, requests_per_minute: 100_000_000, tokens_per_minute: 100_000_000_000 }
const budget = {
  address: 'budget.day',
  spec: {
    limit_nano: Number.MAX_SAFE_INTEGER,
    per: 'day',
    applies_to: [],
    action: 'block',
    warn_at: [0.8],
    timezone: 'UTC',
    unknown_price: 'refuse',
  },
} as const
const guard = {
  address: 'guard.bench',
  digest: digestOf('guard'),
  judges: new Map(),
  spec: { detectors: [{ type: 'length', action: 'block', max_chars: 8000 }], on_error: 'block' },
} as const

/**
 * `flowrun`: limits, retries and the breaker, as every call has them, with records of usage. `flowrun+all`: with a budget,
 * the cache (each call is a miss, and stored) and a guard on either side besides.
 */
function flowrunCall(all: boolean): () => Promise<unknown> {
  const unheld = gatewayDependencies({ KEY: 'bench' })
  const dependencies = { ...unheld, limiter: createRateLimiter(unheld), breakers: createBreakers(unheld) }
  const place = { root: mkdtempSync(join(tmpdir(), 'flowrun-bench-')), dataDirectory: '.', clock: systemClock }
  process.on('exit', () => rmSync(place.root, { recursive: true, force: true }))
  const newId = createUlidSource(systemClock, randomBytes)
  const spending = createSpending({ ...place, project: 'bench' }, newId, text => process.stderr.write(`${text}\n`))
  const answerCache = createAnswerCache({ type: 'sqlite', max_bytes: 1e9 }, { ...place, mode: 'write', redis: undefined })
  const gateway = createGateway({ ...dependencies, spending, ...(all && { answerCache }) })
  const target = modelTarget(providerSpec({ type: 'openai', base_url: address, api_key: { $secret: 'KEY' }, rate_limit }), {
    id: 'bench-1',
    price: priced,
    params: { max_output_tokens: 100 },
  })
  let count = 0
  const policy = {
    ...callTo(target).policy,
    ...(all && {
      budgets: [budget],
      inputGuards: [guard],
      outputGuards: [guard],
      cache: { ttlMs: 60_000, scope: 'tenant', closure: digestOf('closure') } as const,
    }),
  }
  return () => {
    const text = `What is a release? ${count++}`
    return gateway.call(
      callTo(target, { policy, input: { text }, messages: [{ role: 'user', text }], ...(streams && { onEvent: () => {} }) }),
    )
  }
}

const call = kind.startsWith('flowrun')
  ? flowrunCall(kind === 'flowrun+all')
  : rawCall(kind === 'portkey' ? { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': provider, authorization: 'Bearer bench' } : {})

async function run(count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: Number(inFlight) }, async () => {
      while (left-- > 0) await call()
    }),
  )
}

/** A gateway lives long: the first ten thousand calls, in which code is compiled, are not counted. */
await run(Math.min(10_000, Number(calls)))
const began = performance.now()
const before = process.cpuUsage()
const samples: number[] = []
for (let made = 0; made < Number(calls); made += Number(sampleEvery)) {
  await run(Number(sampleEvery))
  samples.push(process.memoryUsage().rss / 1e6)
}
const { user, system } = process.cpuUsage(before)
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  `${JSON.stringify({ perSecond: Number(calls) / seconds, cpuMicros: (user + system) / Number(calls), residentMb: samples })}\n`,
)
process.exit(0)
