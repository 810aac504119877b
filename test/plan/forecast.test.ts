import t from 'tap'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { PromptSpec } from '../../src/artifact/prompt.ts'
import { lookupModel } from '../../src/config/catalogue/catalogue.ts'
import { forecastCost } from '../../src/plan/forecast.ts'
import { countFixedTokens, fitsSurely, fixedTexts, loadTokenizer, messageNames, simulatedTokenizer } from '../../src/plan/tokens.ts'

const hello: PromptSpec = {
  tiers: [{ model: { $ref: 'model.fast' } }],
  messages: [
    { role: 'system', text: 'You are a friendly assistant.\nAnswer in one sentence.\n' },
    { role: 'user', text: { $expr: 'input.question' } },
  ],
  repair: 1,
  on_truncated: 'fail',
}

const fast: ModelSpec = {
  provider: { $ref: 'provider.openai' },
  id: 'gpt-4o-mini',
  kind: 'chat',
  capabilities: ['streaming'],
  limits: { context_window: 128000, max_output_tokens: 16384, reserved_tokens: 0 },
  price: lookupModel('openai', 'gpt-4o-mini')?.price ?? [],
  fallback: [],
  timeout_ms: 60000,
  first_token_timeout_ms: 30000,
  retry: { max_attempts: 3, initial_ms: 500, max_ms: 20000, on: [] },
  circuit_breaker: { enabled: true, failure_rate: 0.5, window_ms: 30000, min_calls: 20, cooldown_ms: 15000 },
  sources: { capabilities: 'block', limits: 'block', price: 'block' },
}

t.test('fixed text is what stands outside of insertions and directives', async t => {
  t.same(fixedTexts({ $template: 'a $${b} %{for c in input.x~}\n- ${"q${c}"} y\n%{endfor~}\nQ: ${input.q}\n' }), [
    'a ${b} ',
    '\n- ',
    ' y\n',
    '\nQ: ',
    '\n',
  ])
  t.same(fixedTexts('plain ${x}'), ['plain ${x}'])
  t.same(fixedTexts({ $expr: 'input.question' }), [])
  t.same(fixedTexts(undefined), [])
})

t.test('the prompt of the first five minutes has 11 fixed tokens', async t => {
  const tokens = countFixedTokens(hello, simulatedTokenizer, { system: 'prompts/answer.md' })
  t.same(tokens, { fixed: 11, approximate: false, parts: [{ name: 'prompts/answer.md', tokens: 11 }] })
})

t.test('messages are named as they are written', async t => {
  const names = messageNames([
    { role: 'system', text: 's' },
    { role: 'user', text: 'a' },
    { role: 'assistant', text: 'b' },
    { role: 'user', text: 'c' },
  ]).map(({ name }) => name)
  t.same(names, ['system', 'message[0]', 'message[1]', 'user'])
})

t.test('the tokenizer is exact for OpenAI and says so, and an approximation elsewhere', async t => {
  const openai = await loadTokenizer('openai', 'gpt-4o-mini')
  t.equal(openai.count('hello world'), 2)
  t.ok(openai.count('<|endoftext|>') > 1, 'text that looks like a control token is text')
  t.equal(openai.approximate, false)
  t.equal((await loadTokenizer('openai', 'gpt-4')).approximate, true)
  t.equal((await loadTokenizer('anthropic', 'claude-haiku-4-5')).approximate, true)
})

t.test('bytes tell that a text fits without counting tokens', async t => {
  t.equal(fitsSurely(hello, 54), true)
  t.equal(fitsSurely(hello, 53), false)
})

t.test('a forecast rests on recorded calls, moved by what the fixed text grew', async t => {
  const subject = { prompt: hello, modelAddress: 'model.fast', model: fast, providerType: 'openai' as const }
  const recorded = { calls: 1204, days: 7, inputTokens: 812, outputTokens: 96 }
  const before = forecastCost({ ...subject, tokens: { fixed: 214, approximate: false, parts: [] }, recorded, recordedFixedTokens: 214 })
  const after = forecastCost({ ...subject, tokens: { fixed: 216, approximate: false, parts: [] }, recorded, recordedFixedTokens: 214 })
  t.equal(before.nanoPerThousandCalls, 179_400_000)
  t.equal(after.nanoPerThousandCalls, 179_700_000)
  t.match(before, { modelAddress: 'model.fast', modelId: 'gpt-4o-mini', basis: { kind: 'recorded', calls: 1204 } })
})

t.test('without recorded calls the output limit bounds it', async t => {
  const tokens = { fixed: 100, approximate: false, parts: [] }
  const prompt = { ...hello, params: { max_output_tokens: 1000 } }
  const forecast = forecastCost({ prompt, tokens, modelAddress: 'model.fast', model: fast, providerType: 'openai' })
  t.equal(forecast.nanoPerThousandCalls, 615_000_000)
  t.same(forecast.basis, { kind: 'limit', inputTokens: 100, outputTokens: 1000 })
})

t.test('a price that is not known gives no figure', async t => {
  const tokens = { fixed: 100, approximate: true, parts: [] }
  const subject = { prompt: hello, tokens, modelAddress: 'model.local', providerType: 'openai_compatible' as const }
  for (const price of [[], [{ above_input_tokens: 0, input_nano_per_m: 1 }]]) {
    const forecast = forecastCost({ ...subject, model: { ...fast, price } })
    t.same([forecast.nanoPerThousandCalls, forecast.basis], [null, { kind: 'no-price' }])
  }
})

t.test('a simulated provider costs nothing and is called simulated', async t => {
  const tokens = { fixed: 11, approximate: false, parts: [] }
  const forecast = forecastCost({ prompt: hello, tokens, modelAddress: 'model.fast', model: fast, providerType: 'simulated' })
  t.same([forecast.nanoPerThousandCalls, forecast.basis], [0, { kind: 'simulated' }])
})
