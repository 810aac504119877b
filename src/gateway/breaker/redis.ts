import { randomUUID } from 'node:crypto'
import type { CircuitBreakerSpec } from '../../artifact/model.ts'
import type { RedisConnection } from '../../redis/connection.ts'
import { redisScript } from '../../redis/script.ts'
import { type Breaker, type BreakerView, CLOSED, WINDOW_PARTS } from './breaker.ts'
import type { SharedBreakers } from './breakers.ts'

/** A breaker that nobody asked for so long is closed and has counted nothing. */
const KEPT_MS = 3_600_000

/** The rules of breaker.ts, by the clock of Redis: one value of JSON for each breaker, one script for each decision. */
const BREAKER = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local written = redis.call('GET', KEYS[1])
local breaker = written and cjson.decode(written) or { parts = {} }
local function keep() redis.call('SET', KEYS[1], cjson.encode(breaker), 'PX', ${KEPT_MS}) end
local function recent(window)
  local oldest, parts, calls, failures = math.floor(now * ${WINDOW_PARTS} / window) - ${WINDOW_PARTS}, {}, 0, 0
  for _, part in ipairs(breaker.parts) do
    if part.number > oldest then
      table.insert(parts, part)
      calls = calls + part.calls
      failures = failures + part.failures
    end
  end
  return parts, calls, failures
end
`

/** ARGV: window, id of a probe or nothing, its lease. @returns state, calls, failures, what was seen, milliseconds to the probe, 1 where it is taken, the probe. */
const LOOK = redisScript(`${BREAKER}
local opened = breaker.opened
if not opened then
  local _, calls, failures = recent(tonumber(ARGV[1]))
  return { 'closed', calls, failures }
end
if now < opened.untilMs then return { 'open', opened.calls, opened.failures, opened.seen, math.ceil(opened.untilMs - now) } end
if opened.probe and now < opened.probe.untilMs then return { 'half_open', opened.calls, opened.failures, opened.seen, 0, 1 } end
if ARGV[2] == '' then return { 'half_open', opened.calls, opened.failures, opened.seen, 0, 0 } end
opened.probe = { id = ARGV[2], untilMs = now + tonumber(ARGV[3]) }
keep()
return { 'half_open', opened.calls, opened.failures, opened.seen, 0, 0, ARGV[2] }
`)

/** ARGV: window, outcome, what was seen, id of a probe or nothing, least calls, failure rate, cooldown. */
const RECORD = redisScript(`${BREAKER}
local window, outcome, seen, probe = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local cooldown = tonumber(ARGV[7])
local opened = breaker.opened
if opened then
  if probe == '' or not opened.probe or opened.probe.id ~= probe then return 0 end
  opened.probe = nil
  if outcome == 'answered' then breaker = { parts = {} } end
  if outcome == 'failed' then
    opened.atMs, opened.untilMs, opened.seen = now, now + cooldown, seen
  end
  keep()
  return 1
end
if outcome == 'unclear' then return 0 end
local parts, calls, failures = recent(window)
local number = math.floor(now * ${WINDOW_PARTS} / window)
local last = parts[#parts]
if not last or last.number ~= number then
  last = { number = number, calls = 0, failures = 0 }
  table.insert(parts, last)
end
local failed = outcome == 'failed' and 1 or 0
last.calls, last.failures = last.calls + 1, last.failures + failed
calls, failures = calls + 1, failures + failed
breaker.parts = parts
if failed == 1 and calls >= tonumber(ARGV[5]) and failures >= calls * tonumber(ARGV[6]) then
  breaker = { parts = {}, opened = { atMs = now, untilMs = now + cooldown, calls = calls, failures = failures, seen = seen } }
end
keep()
return 1
`)

/** Breakers of all processes with the same Redis (BRK-2). */
export function createRedisBreakers(redis: RedisConnection): SharedBreakers {
  const ask = async (key: string, { window_ms: windowMs }: CircuitBreakerSpec, id: string, leaseMs: number) => {
    const reply = await redis.run(LOOK, [redis.key('breaker', key)], [windowMs, id, leaseMs])
    const values = Array.isArray(reply) ? reply : []
    return { view: viewOf(values), isTaken: values[6] === id && id !== '' }
  }
  return {
    look: async (key, settings) => (await ask(key, settings, '', 0)).view,
    async enter(key, settings, leaseMs) {
      const probe = randomUUID()
      const { view, isTaken } = await ask(key, settings, probe, leaseMs)
      return isTaken ? { view, probe } : { view }
    },
    record(key, settings, outcome, probe = '') {
      const { window_ms: windowMs, min_calls: minCalls, failure_rate: failureRate, cooldown_ms: cooldownMs } = settings
      const seen = outcome.type === 'failed' ? outcome.seen : ''
      const values = [windowMs, outcome.type, seen, probe, minCalls, failureRate, cooldownMs]
      // A probe whose end nobody hears of ends by its lease.
      redis.run(RECORD, [redis.key('breaker', key)], values).catch(() => {})
    },
  }
}

/** @throws RedisUnavailable */
export async function readRedisBreaker(redis: RedisConnection, key: string): Promise<Breaker> {
  const written = await redis.command('GET', redis.key('breaker', key))
  if (written === null) return CLOSED
  const { parts, opened } = JSON.parse(String(written))
  // Lua writes a list of nothing as an object.
  return { parts: Array.isArray(parts) ? parts : [], ...(opened && { opened }) }
}

function viewOf([state, calls, failures, seen, probeInMs, isProbed]: readonly unknown[]): BreakerView {
  const counts = { calls: Number(calls), failures: Number(failures) }
  if (state === 'open') return { state, probeInMs: Number(probeInMs), ...counts, seen: String(seen) }
  if (state === 'half_open') return { state, isProbed: Number(isProbed) === 1, ...counts, seen: String(seen) }
  return { state: 'closed', ...counts }
}
