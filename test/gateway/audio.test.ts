import { readFileSync } from 'node:fs'
import t from 'tap'
import type { PriceSpec } from '../../src/artifact/model.ts'
import { addUsage, type CallMessage } from '../../src/gateway/call.ts'
import { costBound } from '../../src/gateway/cost-bound.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import { costNano } from '../../src/gateway/price.ts'
import { audioUsage } from '../../src/gateway/providers/audio-usage.ts'
import { chatUsage } from '../../src/gateway/providers/chat-usage.ts'
import { usageJson } from '../../src/views/run.ts'
import { modelTarget, providerSpec } from '../support/artifacts.ts'
import { callTo, gatewayDependencies } from '../support/gateway.ts'
import { startReplayServer } from '../support/replay-server.ts'

const dollars = (amount: number) => amount * 1e9
/** Gemini 2.5 Flash: audio costs more than three times as much as text. */
const PRICE: PriceSpec = {
  above_input_tokens: 0,
  input_nano_per_m: dollars(0.3),
  output_nano_per_m: dollars(2.5),
  cached_input_nano_per_m: dollars(0.03),
  audio_input_nano_per_m: dollars(1),
}
const NONE = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0 }

t.test('tokens of audio are told apart as the vendors report them', t => {
  const openai = { prompt_tokens_details: { audio_tokens: 300, cached_tokens: 10 }, completion_tokens_details: { audio_tokens: 40 } }
  t.same(audioUsage(openai), { audioInput: 300, audioOutput: 40 })
  t.match(chatUsage({ prompt_tokens: 400, completion_tokens: 50, ...openai }), { input: 400, audioInput: 300, output: 50, audioOutput: 40 })
  const details = [
    { modality: 'TEXT', tokenCount: 152 },
    { modality: 'AUDIO', tokenCount: 2000 },
  ]
  t.same(audioUsage({ promptTokensDetails: details }), { audioInput: 2000 })
  t.same(
    audioUsage({ promptTokensDetails: details, cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 1500 }] }),
    { audioInput: 500 },
    'what came from the cache is cached input',
  )
  t.same(audioUsage({ prompt_tokens_details: { audio_tokens: 0 } }), {})
  for (const garbage of [
    undefined,
    null,
    7,
    'x',
    [],
    { promptTokensDetails: 7 },
    { promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 'many' }] },
  ])
    t.same(audioUsage(garbage), {})
  t.end()
})

t.test('audio costs what audio costs, and without a price its cost is unknown, never 0', t => {
  const usage = { ...NONE, input: 2152, cachedInput: 100, audioInput: 2000, output: 180 }
  // By hand: 52 × 0.3 + 100 × 0.03 + 2,000 × 1 + 180 × 2.5 = 2,468.6 millionths of a dollar.
  t.equal(costNano(usage, [PRICE]), 2_468_600)
  const { audio_input_nano_per_m: _, ...text } = PRICE
  t.equal(costNano(usage, [text]), null)
  t.equal(costNano({ ...NONE, input: 152 }, [text]), 45_600, 'a call without audio needs no price of it')
  t.equal(costNano({ ...NONE, output: 10, audioOutput: 10 }, [PRICE]), null)
  t.equal(costNano({ ...NONE, output: 30, audioOutput: 10 }, [{ ...PRICE, audio_output_nano_per_m: dollars(80) }]), 50_000 + 800_000)
  t.same(addUsage(usage, { ...NONE, input: 5, audioInput: 5 }), { ...usage, input: 2157, audioInput: 2005 })
  t.match(usageJson(usage), { audio_input_tokens: 2000 })
  t.notOk('audio_input_tokens' in usageJson(NONE))
  t.end()
})

t.test('BUD-3: what is reserved for a call with audio is enough for audio', t => {
  const spec = providerSpec({ type: 'google', api_key: { $secret: 'KEY' } })
  const target = modelTarget(spec, { id: 'gemini-2.5-flash', price: [PRICE] })
  // Ten minutes of speech at 64 kbit/s; Gemini makes 32 tokens of each second.
  const data = 'A'.repeat(Math.ceil((600 * 8000 * 4) / 3))
  const heard: CallMessage = { role: 'user', text: 'What do they say?', files: [{ mediaType: 'audio/mpeg', data }] }
  const bound = (message: CallMessage, price = PRICE) =>
    costBound({
      ...callTo(target, { params: { max_output_tokens: 10 } }),
      target: { ...target, spec: { ...target.spec, price: [price] } },
      messages: [message],
    })
  const most = costNano({ ...NONE, input: 600 * 32 + 10, audioInput: 600 * 32, output: 10 }, [PRICE]) ?? 0
  t.ok((bound(heard) ?? 0) >= most, `${bound(heard)} for ${most}`)
  const { audio_input_nano_per_m: _, ...text } = PRICE
  t.equal(bound(heard, text), null, 'BUD-7: a price that is not known')
  t.type(bound({ role: 'user', text: 'Hello' }, text), 'number')
  t.end()
})

t.test('an answer about a recording is priced by its modalities', async t => {
  const server = await startReplayServer()
  const dependencies = gatewayDependencies({ KEY: 'key-12345' })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })
  const plain = JSON.parse(readFileSync(new URL('fixtures/google/plain.json', import.meta.url), 'utf8'))
  plain.usageMetadata.cachedContentTokenCount = 0
  plain.usageMetadata.promptTokensDetails = [
    { modality: 'TEXT', tokenCount: 152 },
    { modality: 'AUDIO', tokenCount: 2000 },
  ]
  server.play({ status: 200, contentType: 'application/json', body: JSON.stringify(plain) })
  const spec = providerSpec({ type: 'google', base_url: `${server.url}/v1beta`, api_key: { $secret: 'KEY' } })
  const target = modelTarget(spec, { id: 'gemini-2.5-flash', capabilities: ['audio', 'streaming', 'system'], price: [PRICE] })
  const messages: readonly CallMessage[] = [{ role: 'user', text: 'What?', files: [{ mediaType: 'audio/mpeg', data: 'AAAA' }] }]
  const result = await createGateway(dependencies).call(callTo(target, { messages }))
  t.match(result.usage, { input: 2152, audioInput: 2000, output: 600 })
  // By hand: 152 × 0.3 + 2,000 × 1 + 600 × 2.5 = 3,545.6 millionths of a dollar.
  t.equal(result.costNano, 3_545_600)
})
