import { type RedisScript, redisScript } from '../../redis/script.ts'
import { LIMIT_WINDOW_MS } from './limit.ts'

/** Who has asked within this time shares the limits (RATE-2). */
export const LIVE_MS = 60_000
/** Asked again after this while all calls at once that are allowed are under way: nobody tells when one ends elsewhere. */
const POLL_MS = 50

/** Redis counts the time (RATE-1): clocks of processes differ. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * A scope is four names: `log` (calls by the time at which they were let through), `tokens` (of each call, and their `sum`),
 * `held` (calls that are under way, by the end of their lease), `notbefore` (there for as long as the provider asked for).
 */
const SCOPE = `
local function expire(scope)
  redis.call('ZREMRANGEBYSCORE', scope.held, '-inf', now)
  local old = redis.call('ZRANGEBYSCORE', scope.log, '-inf', now - ${LIMIT_WINDOW_MS})
  for _, id in ipairs(old) do
    redis.call('HINCRBY', scope.tokens, 'sum', -(redis.call('HGET', scope.tokens, id) or 0))
    redis.call('HDEL', scope.tokens, id)
  end
  redis.call('ZREMRANGEBYSCORE', scope.log, '-inf', now - ${LIMIT_WINDOW_MS})
end
local function scopeAt(first)
  local scope = { log = KEYS[first], tokens = KEYS[first + 1], held = KEYS[first + 2], notbefore = KEYS[first + 3] }
  expire(scope)
  return scope
end
`

/**
 * KEYS: the names of the key's scope and of the model's, then who asks. ARGV: id of the call, tokens, lease, id of the
 * process, then requests, tokens and calls at once of both scopes, -1 where unlimited.
 *
 * @returns 1, 0, 0, processes; or 0, the scope (1 or 2), milliseconds to wait, processes.
 */
export const TAKE: RedisScript = redisScript(`${NOW}${SCOPE}
local id, lease = ARGV[1], tonumber(ARGV[3])
redis.call('ZADD', KEYS[9], now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[9], '-inf', now - ${LIVE_MS})
redis.call('PEXPIRE', KEYS[9], ${2 * LIVE_MS})
local processes = redis.call('ZCARD', KEYS[9])

local function waitFor(scope)
  local untold = redis.call('PTTL', scope.notbefore)
  if untold > 0 then return untold end
  if scope.concurrency >= 0 and redis.call('ZCARD', scope.held) >= scope.concurrency then return ${POLL_MS} end
  local requests = redis.call('ZCARD', scope.log)
  local sum = tonumber(redis.call('HGET', scope.tokens, 'sum') or 0)
  local index, at = 0, now
  while (scope.requests >= 0 and requests + 1 > scope.requests) or (scope.perMinute >= 0 and sum + scope.needed > scope.perMinute) do
    local entry = redis.call('ZRANGE', scope.log, index, index, 'WITHSCORES')
    if #entry == 0 then break end
    requests = requests - 1
    sum = sum - tonumber(redis.call('HGET', scope.tokens, entry[1]) or 0)
    at = tonumber(entry[2]) + ${LIMIT_WINDOW_MS}
    index = index + 1
  end
  return at - now
end

local scopes = {}
for number = 1, 2 do
  local scope = scopeAt(number * 4 - 3)
  scope.requests, scope.perMinute, scope.concurrency =
    tonumber(ARGV[number * 3 + 2]), tonumber(ARGV[number * 3 + 3]), tonumber(ARGV[number * 3 + 4])
  scope.needed = tonumber(ARGV[2])
  if scope.perMinute >= 0 and scope.needed > scope.perMinute then scope.needed = scope.perMinute end
  scopes[number] = scope
end
for number = 2, 1, -1 do
  local wait = waitFor(scopes[number])
  if wait > 0 then return { 0, number, wait, processes } end
end
for _, scope in ipairs(scopes) do
  redis.call('ZADD', scope.held, now + lease, id)
  if redis.call('PTTL', scope.held) < lease then redis.call('PEXPIRE', scope.held, lease) end
  if scope.requests >= 0 or scope.perMinute >= 0 then
    redis.call('ZADD', scope.log, now, id)
    redis.call('HSET', scope.tokens, id, scope.needed)
    redis.call('HINCRBY', scope.tokens, 'sum', scope.needed)
    redis.call('PEXPIRE', scope.log, ${2 * LIMIT_WINDOW_MS})
    redis.call('PEXPIRE', scope.tokens, ${2 * LIMIT_WINDOW_MS})
  end
end
return { 1, 0, 0, processes }
`)

/** KEYS: the names of both scopes. ARGV: id of the call, 1 if it was made, tokens that it took or -1. */
export const END: RedisScript = redisScript(`${NOW}${SCOPE}
local id, made, used = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
for number = 1, 2 do
  local scope = scopeAt(number * 4 - 3)
  redis.call('ZREM', scope.held, id)
  if redis.call('ZSCORE', scope.log, id) then
    local taken = tonumber(redis.call('HGET', scope.tokens, id) or 0)
    if not made then
      redis.call('ZREM', scope.log, id)
      redis.call('HDEL', scope.tokens, id)
      redis.call('HINCRBY', scope.tokens, 'sum', -taken)
    elseif used >= 0 then
      redis.call('HSET', scope.tokens, id, used)
      redis.call('HINCRBY', scope.tokens, 'sum', used - taken)
    end
  end
end
return 1
`)

/** KEYS: `notbefore` of a scope. ARGV: milliseconds. What was asked for before is never shortened. */
export const HOLD_BACK: RedisScript = redisScript(`
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 1
`)

/** KEYS: the names of a scope. @returns requests, tokens, calls under way, milliseconds that are not over or -2. */
export const READ: RedisScript = redisScript(`${NOW}${SCOPE}
local scope = scopeAt(1)
return {
  redis.call('ZCARD', scope.log),
  tonumber(redis.call('HGET', scope.tokens, 'sum') or 0),
  redis.call('ZCARD', scope.held),
  redis.call('PTTL', scope.notbefore),
}
`)
