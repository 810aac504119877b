import t from 'tap'
import { CAPABILITIES } from '../../src/artifact/model.ts'
import data from '../../src/config/catalogue/catalogue.json' with { type: 'json' }
import { CATALOGUE_DATE, lookupModel, nearModels } from '../../src/config/catalogue/catalogue.ts'

t.test('gpt-4o-mini has the limits and prices of the reference', async t => {
  const model = lookupModel('openai', 'gpt-4o-mini')
  t.same(model?.limits, { context_window: 128000, max_output_tokens: 16384 })
  t.same(model?.price, [
    {
      above_input_tokens: 0,
      cached_input_nano_per_m: 75000000,
      input_nano_per_m: 150000000,
      output_nano_per_m: 600000000,
    },
  ])
  t.equal(model?.kind, 'chat')
  t.equal(CATALOGUE_DATE, '2026-11')
})

t.test('a snapshot answers to the facts of its model, and a name that only begins like one does not', async t => {
  t.equal(lookupModel('anthropic', 'claude-haiku-4-5-20251001'), lookupModel('anthropic', 'claude-haiku-4-5'))
  t.equal(lookupModel('openai', 'gpt-4o-2024-11-20'), lookupModel('openai', 'gpt-4o'))
  t.equal(lookupModel('openai', 'gpt-4o-mini-turbo'), undefined)
  t.not(lookupModel('openai', 'gpt-4o-2024-05-13')?.price, lookupModel('openai', 'gpt-4o')?.price)
})

t.test('a fine-tuned model has the price of fine-tuned ones', async t => {
  t.same(lookupModel('openai', 'ft:gpt-4o-mini-2024-07-18:acme::AbC1')?.price, [
    { above_input_tokens: 0, input_nano_per_m: 300000000, output_nano_per_m: 1200000000 },
  ])
})

t.test('a long context has a second price', async t => {
  const prices = lookupModel('openai', 'gpt-5.4')?.price
  t.same(
    prices?.map(price => [price.above_input_tokens, price.input_nano_per_m]),
    [
      [0, 2500000000],
      [271999, 5000000000],
    ],
  )
})

t.test('an unknown price is an empty list, never 0', async t => {
  t.same(lookupModel('openai', 'gpt-6.1-sol')?.price, [])
  for (const [type, id] of [
    ['openai', 'constructor'],
    ['openai', '__proto__'],
    ['openai_compatible', 'gpt-4o'],
    ['anthropic', 'gpt-4o'],
  ] as const)
    t.equal(lookupModel(type, id), undefined, `${type} ${id}`)
})

t.test('models of Google and Mistral have limits, prices and capabilities', async t => {
  const flash = lookupModel('google', 'gemini-2.5-flash')
  t.same(flash?.limits, { context_window: 1048576, max_output_tokens: 65536 })
  t.same(flash?.price, [
    {
      above_input_tokens: 0,
      input_nano_per_m: 300000000,
      output_nano_per_m: 2500000000,
      cached_input_nano_per_m: 30000000,
      audio_input_nano_per_m: 1000000000,
    },
  ])
  t.ok(['files', 'images', 'json_schema', 'reasoning', 'tools'].every(name => flash?.capabilities.some(known => known === name)))
  t.same(
    lookupModel('google', 'gemini-2.5-pro')?.price.map(price => price.above_input_tokens),
    [0, 200000],
  )
  t.match(lookupModel('google', 'gemini-embedding-001'), { kind: 'embedding', dimensions: 3072 })
  t.match(lookupModel('mistral', 'mistral-medium-2508')?.limits, { context_window: 131072 })
  t.match(lookupModel('mistral', 'mistral-embed'), { kind: 'embedding', dimensions: 1024 })
  t.same(nearModels('google', 'gemini-2.5-flahs'), ['gemini-2.5-flash'])
  t.same(nearModels('mistral', 'mistral-medum-2508'), ['mistral-medium-2508'])
})

t.test('a model on Bedrock is known in its region, by the profile of a region, and by the global one', async t => {
  const inRegion = lookupModel('amazon_bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0')
  t.match(inRegion?.price, [{ input_nano_per_m: 3300000000, output_nano_per_m: 16500000000 }])
  t.equal(lookupModel('amazon_bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'), inRegion)
  t.match(lookupModel('amazon_bedrock', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0')?.price, [{ input_nano_per_m: 3000000000 }])
  t.ok(lookupModel('amazon_bedrock', 'us.anthropic.claude-sonnet-5'), 'without a version')
  t.match(lookupModel('amazon_bedrock', 'amazon.titan-embed-text-v2:0'), { kind: 'embedding', dimensions: 1024, price: [] })
  t.equal(lookupModel('amazon_bedrock', 'cohere.command-r'), undefined)
  t.ok(inRegion?.capabilities.includes('json_schema'))
})

t.test('a deployment on Azure that has the name of a model is that model', async t => {
  t.equal(lookupModel('azure', 'gpt-4o'), lookupModel('openai', 'gpt-4o'))
  t.equal(lookupModel('azure', 'our-gpt'), undefined)
  t.same(nearModels('azure', 'gpt-4o-minni'), ['gpt-4o-mini'])
})

t.test('near names are suggested, and retired models are not', async t => {
  t.same(nearModels('openai', 'gpt-4o-minni'), ['gpt-4o-mini'])
  t.same(nearModels('anthropic', 'claude-haiku-45'), ['claude-haiku-4-5'])
  t.notOk(nearModels('anthropic', 'claude-3-opu').includes('claude-3-opus'))
  t.same(nearModels('simulated', 'simulated-smal'), ['simulated-small'])
})

t.test('a simulated model can do everything and costs nothing', async t => {
  const model = lookupModel('simulated', 'simulated-small')
  t.same(model?.capabilities, [...CAPABILITIES].sort())
  t.equal(model?.price[0]?.output_nano_per_m, 0)
  t.equal(lookupModel('simulated', 'gpt-4o'), undefined)
  t.match(lookupModel('simulated', 'simulated-embedding'), { kind: 'embedding', dimensions: 256 })
})

t.test('every entry is sorted, bounded and known to the language', async t => {
  for (const entry of Object.values(data.models).flat()) {
    const name = entry.names[0] ?? ''
    t.same(entry.capabilities, [...entry.capabilities].sort(), name)
    t.ok(
      entry.capabilities.every(capability => CAPABILITIES.some(known => known === capability)),
      name,
    )
    t.ok(entry.kind === 'embedding' || entry.capabilities.length > 0, name)
    if (entry.price.length > 0) t.equal(entry.price[0]?.above_input_tokens, 0, name)
    if ('retires' in entry) t.match(entry.retires, /^\d{4}-\d{2}-\d{2}$/, name)
  }
})
