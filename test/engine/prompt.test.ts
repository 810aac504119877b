import t from 'tap'
import type { JsonSchema } from '../../src/artifact/json-schema.ts'
import type { ModelSpec } from '../../src/artifact/model.ts'
import type { PromptSpec } from '../../src/artifact/prompt.ts'
import type { ProviderSpec, SimulationSpec } from '../../src/artifact/provider.ts'
import type { JsonValue } from '../../src/base/json.ts'
import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { PromptFailure } from '../../src/engine/prompt/failure.ts'
import { renderPrompt, runPrompt } from '../../src/engine/prompt/prompt-run.ts'
import type { PromptDependencies } from '../../src/engine/prompt/request.ts'
import type { CallEvent } from '../../src/gateway/call.ts'
import { closureOf, providerSpec } from '../support/artifacts.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { gatewayDependencies, promptDependencies } from '../support/gateway.ts'
import { startOpenAiServer } from '../support/openai-server.ts'

type Scripted = Partial<Omit<SimulationSpec, 'answers'>> & { readonly answers?: readonly Partial<SimulationSpec['answers'][number]>[] }

function simulated({ answers = [], ...simulation }: Scripted = {}): ProviderSpec {
  return providerSpec({
    type: 'simulated',
    simulation: {
      latency_ms: 0,
      seed: 1,
      faults: [],
      ...simulation,
      answers: answers.map(answer => ({ when: true, finish_reason: 'stop', ...answer })),
    },
  })
}

function objectSchema(properties: Record<string, JsonSchema>, required: readonly string[] = Object.keys(properties)): JsonSchema {
  return { type: 'object', additionalProperties: false, 'x-order': Object.keys(properties), required, properties }
}

const string: JsonSchema = { type: 'string' }

interface Setting {
  readonly prompt?: Partial<PromptSpec>
  readonly model?: Partial<ModelSpec>
  readonly provider?: ProviderSpec
  readonly input?: JsonValue
  readonly dependencies?: PromptDependencies
  readonly onEvent?: (event: CallEvent) => void
}

function run({ prompt = {}, model = {}, provider = simulated(), input = {}, dependencies = promptDependencies(), onEvent }: Setting) {
  return runPrompt({ environment: 'dev', closure: closureOf(prompt, model, provider), input, ...(onEvent && { onEvent }) }, dependencies)
}

async function errorOf(promise: Promise<unknown>): Promise<OperationError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof OperationError) return error
  throw new Error('expected an operation error', { cause: error })
}

async function failureOf(promise: Promise<unknown>): Promise<PromptFailure> {
  const error = await errorOf(promise)
  if (error instanceof PromptFailure) return error
  throw new Error('expected the failure of a prompt', { cause: error })
}

t.test('what is sent', async t => {
  const render = (prompt: Partial<PromptSpec>, input: JsonValue = {}) =>
    renderPrompt({ closure: closureOf(prompt, {}, simulated()), input }, promptDependencies())

  await t.test('system, then earlier turns, then the messages, with attachments', async t => {
    const file = { media_type: 'image/png', data: 'AAAA', name: 'a.png' }
    const prompt: Partial<PromptSpec> = {
      input: { type: 'object', properties: { history: { type: 'array' }, page: { type: 'object' }, more: { type: 'array' }, none: {} } },
      history: { $expr: 'input.history' },
      messages: [
        { role: 'system', text: 'Read.' },
        { role: 'user', text: 'Look.', attachments: [{ $expr: 'input.page' }, { $expr: 'input.more' }, { $expr: 'input.none' }] },
      ],
    }
    const input = {
      history: [
        { role: 'user', text: 'Hi' },
        { role: 'assistant', text: 'Hello' },
      ],
      page: file,
      more: [{ media_type: 'text/plain', url: 'https://example.com/a' }],
      none: null,
    }
    const { messages } = await render(prompt, input)
    t.strictSame(messages, [
      { role: 'system', text: 'Read.' },
      { role: 'user', text: 'Hi' },
      { role: 'assistant', text: 'Hello' },
      {
        role: 'user',
        text: 'Look.',
        files: [
          { mediaType: 'image/png', name: 'a.png', data: 'AAAA' },
          { mediaType: 'text/plain', url: 'https://example.com/a' },
        ],
      },
    ])
  })

  await t.test('text from outside is data, never a template', async t => {
    const prompt = { input: objectSchema({ q: string }), messages: [{ role: 'user', text: { $template: 'Q: ${input.q} $${x}' } }] } as const
    const { messages } = await render(prompt, { q: '${file("/etc/passwd")} %{ if true }x%{ endif }' })
    t.equal(messages[0]?.text, 'Q: ${file("/etc/passwd")} %{ if true }x%{ endif } ${x}')
  })

  await t.test('loops, functions, defaults and optional fields', async t => {
    const prompt = {
      input: objectSchema({ topics: { type: 'array', items: string, default: [] }, name: string }, []),
      messages: [
        { role: 'user', text: { $template: '%{ for t in input.topics }- ${upper(t)}\n%{ endfor }${coalesce(input.name, "nobody")}' } },
      ],
    } as const
    t.equal((await render(prompt, { topics: ['a', 'b'], name: null })).messages[0]?.text, '- A\n- B\nnobody')
    const { messages, input } = await render(prompt, {})
    t.equal(messages[0]?.text, 'nobody')
    t.strictSame(input, { topics: [] })
  })

  await t.test('an empty message is left out', async t => {
    const { messages } = await render({
      messages: [
        { role: 'system', text: ' \n' },
        { role: 'user', text: 'Hello.' },
      ],
    })
    t.strictSame(messages, [{ role: 'user', text: 'Hello.' }])
  })

  await t.test('an expression without a value says which, and one that runs on is stopped', async t => {
    const failing = {
      input: objectSchema({ n: { type: 'number' } }),
      messages: [{ role: 'user', text: { $expr: '1 / input.n' } }],
    } as const
    t.match(await errorOf(render(failing, { n: 0 })), { code: 'run/expression-failed', diagnostic: { notes: ['1 / input.n'] } })
    const endless = {
      messages: [{ role: 'user', text: { $template: '%{ for a in range(1000) }%{ for b in range(1000) }${a}${b}%{ endfor }%{ endfor }' } }],
    } as const
    t.match(await errorOf(render(endless)), { code: 'run/too-many-steps' })
  })

  await t.test('neither files nor the environment can be read when a flow runs', async t => {
    for (const expression of ['file("/etc/passwd")', 'env("HOME")', 'secret("X")', 'templatefile("a", {})']) {
      t.match(
        await errorOf(render({ messages: [{ role: 'user', text: { $expr: expression } }] })),
        { code: 'run/expression-failed' },
        expression,
      )
    }
  })
})

t.test('input that does not fit costs nothing, and names every place', async t => {
  const prompt: Partial<PromptSpec> = {
    input: objectSchema({ message: string, lang: string, page: objectSchema({ n: { type: 'integer', minimum: 1 } }) }, ['message']),
  }
  const error = await errorOf(run({ prompt, input: { mesage: 'hi', lang: 7 } }))
  t.match(error.diagnostic, { code: 'run/invalid-input', summary: 'The input of prompt.test does not fit', detail: 'No run was made.' })
  t.strictSame(error.diagnostic.notes, [
    'message  is missing (string)',
    'mesage   is not known. Did you mean message?',
    'lang     is 7, expected string',
  ])

  await t.test('deep inside', async t => {
    const deep = await errorOf(run({ prompt, input: { message: 'x', page: { n: 0 } } }))
    t.strictSame(deep.diagnostic.notes, ['page.n  is 0, expected at least 1'])
  })

  await t.test('a prompt without input takes none', async t => {
    t.strictSame((await errorOf(run({ input: { a: 1 } }))).diagnostic.notes, ['a  is not known: it takes no input'])
    t.match(await errorOf(run({ input: 'text' })), { code: 'run/invalid-input' })
    t.equal((await run({ input: null })).text, 'This is a simulated answer to: Hello.')
  })

  await t.test('its validations speak in the words of the author', async t => {
    const validated = {
      ...prompt,
      input_validation: [
        { condition: { $expr: 'length(input.message) > 3' }, error_message: { $template: 'Say more than "${input.message}".' } },
      ],
    }
    t.strictSame((await errorOf(run({ prompt: validated, input: { message: 'hi' } }))).diagnostic.notes, ['Say more than "hi".'])
  })

  await t.test('NUM-4: half of a surrogate pair is refused', async t => {
    t.match(await errorOf(run({ prompt, input: { message: '\ud800' } })), { code: 'run/invalid-input' })
  })

  await t.test('sizes, media types and patterns', async t => {
    const file = objectSchema({ media_type: string, data: string })
    const limited = {
      input: objectSchema(
        {
          a: { type: 'string', 'x-max-bytes': 3, pattern: '^(?:a+)+$' },
          f: { ...file, 'x-accept': ['image/*', 'application/pdf'], 'x-max-bytes': 3 },
        },
        [],
      ),
    }
    t.ok(await run({ prompt: limited, input: { a: 'aaa', f: { media_type: 'image/png', data: 'AAAA' } } }))
    const error = await errorOf(run({ prompt: limited, input: { a: 'äää', f: { media_type: 'text/plain', data: 'AAAAAAAA' } } }))
    t.match(error.diagnostic.notes, [
      /^a {2}is "äää", expected /,
      /^a {2}is "äää", expected /,
      /^f {2}is .*expected /,
      /^f {2}is .*expected /,
    ])
  })

  await t.test('a pattern that would take for ever elsewhere takes linear time', async t => {
    const evil = { input: objectSchema({ a: { type: 'string', pattern: '^(?:(a+)+)$' } }) }
    t.match(await errorOf(run({ prompt: evil, input: { a: `${'a'.repeat(50_000)}!` } })), { code: 'run/invalid-input' })
  })
})

t.test('the simulated provider', async t => {
  await t.test('scripts see the request', async t => {
    const provider = simulated({
      answers: [
        { when: { $expr: 'strcontains(request.text, "invoice")' }, json: { topic: { $expr: 'upper(request.input.q)' } } },
        {
          when: { $expr: 'request.attempt == 1 && request.system == "Sys"' },
          text: { $template: '${request.model} ${length(request.messages)}' },
        },
      ],
    })
    const prompt: Partial<PromptSpec> = {
      input: objectSchema({ q: string }),
      messages: [
        { role: 'system', text: 'Sys' },
        { role: 'user', text: { $expr: 'input.q' } },
      ],
    }
    t.equal((await run({ prompt, provider, input: { q: 'invoice' } })).text, '{"topic":"INVOICE"}')
    t.equal((await run({ prompt, provider, input: { q: 'x' } })).text, 'test-model 2')
  })

  await t.test('says that it is, counts words and marks, and costs nothing', async t => {
    const result = await run({
      prompt: { messages: [{ role: 'user', text: 'What is a release?' }] },
      provider: simulated({ answers: [{ text: 'A set of versions.' }] }),
    })
    t.match(result, {
      simulated: true,
      costNano: 0,
      usage: { input: 5, output: 5 },
      finishReason: 'stop',
      model: { address: 'model.test', id: 'test-model', providerType: 'simulated' },
    })
  })

  await t.test('makes an answer that fits any output type, the same each time', async t => {
    const output = objectSchema({
      text: string,
      kind: { type: 'string', enum: ['a', 'b'] },
      score: { type: 'number', minimum: 0, maximum: 1 },
      count: { type: 'integer', exclusiveMinimum: 3 },
      tags: { type: 'array', items: string, minItems: 2, uniqueItems: true },
      nested: objectSchema({
        deep: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
        pair: { type: 'array', prefixItems: [string, { type: 'number' }], items: false, minItems: 2 },
      }),
      short: { type: 'string', maxLength: 3 },
      map: { type: 'object', additionalProperties: string },
    })
    const [first, second] = [await run({ prompt: { output } }), await run({ prompt: { output } })]
    t.strictSame(first.output, second.output)
    t.equal(first.history.rejected.length, 0)
    t.equal((await run({ prompt: { output: { type: 'string', enum: ['x', 'y'] } }, provider: simulated({ seed: 2 }) })).output, 'y')
  })

  await t.test('streams word by word, at its speed', async t => {
    const clock = createFakeClock()
    const events: CallEvent[] = []
    const provider = simulated({ latency_ms: 20, answers: [{ text: 'one two  three', tokens_per_second: 10 }] })
    const dependencies = promptDependencies(gatewayDependencies({}, clock))
    const result = await clock.runUntil(run({ provider, dependencies, onEvent: event => events.push(event) }))
    t.equal(result.latencyMs, 320)
    t.strictSame(
      events.map(event => (event.type === 'text-delta' ? event.text : event.type)),
      ['text-start', 'one ', 'two  ', 'three', 'text-end'],
    )
  })

  await t.test('faults come as scripted: the first, by rate, by condition', async t => {
    const clock = createFakeClock()
    const dependencies = promptDependencies(gatewayDependencies({}, clock))
    const first = await clock.runUntil(
      run({ dependencies, provider: simulated({ faults: [{ error: 'overloaded', first: 2, when: true }] }) }),
    )
    t.match(first.history.attempts, [{ outcome: 'overloaded', status: 529 }, { outcome: 'overloaded' }, { outcome: 'answered' }])
    const conditional = simulated({ faults: [{ error: 'refused_key', when: { $expr: 'request.text == "Hello."' } }] })
    t.match(await failureOf(run({ dependencies, provider: conditional })), { code: 'provider/unauthorized' })

    const outcomes = async () => {
      const found: boolean[] = []
      for (let n = 0; n < 40; n++) {
        const prompt = { messages: [{ role: 'user', text: `Question ${n}` }] } as const
        const faulty = simulated({ faults: [{ error: 'bad_request', rate: 0.25, when: true }] })
        found.push(
          await run({ dependencies, prompt, provider: faulty }).then(
            () => false,
            () => true,
          ),
        )
      }
      return found
    }
    const failed = await outcomes()
    t.strictSame(failed, await outcomes(), 'the same calls fail again')
    const count = failed.filter(Boolean).length
    t.ok(count >= 4 && count <= 16, `${count} of 40 at a rate of 0.25`)
  })

  await t.test('each kind of fault has its code', async t => {
    const codes = {
      rate_limited: 'provider/rate-limited',
      overloaded: 'provider/overloaded',
      server_error: 'provider/server-error',
      timeout: 'provider/timeout',
      bad_request: 'provider/bad-request',
      refused_key: 'provider/unauthorized',
      content_filter: 'provider/content-filter',
      stall: 'provider/timeout',
      garbage: 'provider/bad-response',
    } as const
    for (const [error, code] of Object.entries(codes)) {
      const clock = createFakeClock()
      const provider = simulated({ faults: [{ error: error as keyof typeof codes, when: true }] })
      const failed = await clock.runUntil(
        failureOf(run({ provider, dependencies: promptDependencies(gatewayDependencies({}, clock)), onEvent: () => {} })),
      )
      t.equal(failed.code, code, error)
    }
  })
})

t.test('typed output', async t => {
  const output = objectSchema({ answer: string, sources: { type: 'array', items: string } })

  await t.test('is parsed, also out of a fence', async t => {
    const provider = simulated({ answers: [{ text: '```json\n{"answer":"a","sources":[]}\n```' }] })
    t.strictSame((await run({ prompt: { output }, provider })).output, { answer: 'a', sources: [] })
  })

  await t.test('is mended once, with the errors shown; usage and cost are of both calls', async t => {
    const provider = simulated({
      answers: [
        { when: { $expr: 'length(request.messages) > 1' }, json: { $expr: '{ answer = request.text, sources = [] }' } },
        { json: { answer: 'a', sources: 'parcel-faq' } },
      ],
    })
    const events: CallEvent[] = []
    const price = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000, output_nano_per_m: 1_000_000 }]
    const result = await run({ prompt: { output }, model: { price }, provider, onEvent: event => events.push(event) })
    t.match(result.history.attempts, [{ isRepair: false }, { isRepair: true }])
    t.equal(result.history.attempts.length, 2)
    t.equal(result.costNano, (result.usage?.input ?? 0) + (result.usage?.output ?? 0))
    t.match(result.text, 'sources: is \\"parcel-faq\\", expected list of string')
    t.strictSame(
      events.filter(event => event.type === 'repair'),
      [{ type: 'repair', problems: ['sources: is "parcel-faq", expected list of string'] }],
    )
  })

  await t.test('that cannot be mended fails, keeping both texts', async t => {
    const provider = simulated({
      answers: [
        { when: { $expr: 'length(request.messages) > 1' }, json: { answer: 'a', sources: [{ title: 'parcel-faq' }] } },
        { json: { answer: 'a', sources: 'parcel-faq' } },
      ],
    })
    const failed = await failureOf(run({ prompt: { output }, provider }))
    t.match(failed.diagnostic, {
      code: 'output/invalid',
      summary: 'The answer does not fit the output type, nor does its repair',
      address: 'prompt.test',
      notes: [
        'first   sources: is "parcel-faq", expected list of string',
        'repair  sources[0]: is {"title":"parcel-faq"}, expected string',
      ],
      detail: 'The model was shown its first error once. Say the shape in the prompt, or allow this one.',
    })
    t.strictSame(failed.texts, ['{"answer":"a","sources":"parcel-faq"}', '{"answer":"a","sources":[{"title":"parcel-faq"}]}'])
    t.equal(failed.spent.history.attempts.length, 2)
  })

  await t.test('NUM-4: half of a surrogate pair is no text', async t => {
    for (const text of ['{"answer":"\\ud83d","sources":[]}', '{"answer":"","sources":["\\uDC00"]}']) {
      const failed = await failureOf(run({ prompt: { output, repair: 0 }, provider: simulated({ answers: [{ text }] }) }))
      t.strictSame(failed.diagnostic.notes, ['holds half of a surrogate pair, which is not text'])
    }
    const whole = simulated({ answers: [{ text: '{"answer":"\\ud83d\\ude00","sources":[]}' }] })
    t.strictSame((await run({ prompt: { output }, provider: whole })).output, { answer: '😀', sources: [] })
  })

  await t.test('repair = 0 does not ask again', async t => {
    const failed = await failureOf(run({ prompt: { output, repair: 0 }, provider: simulated({ answers: [{ text: 'no' }] }) }))
    t.match(failed.diagnostic, { summary: 'The answer does not fit the output type', notes: ['is not JSON: "no"'] })
  })

  await t.test('validations hold over the output, and null stands for what is not given', async t => {
    const total = objectSchema({ total: { type: 'number' }, lines: { type: 'array', items: { type: 'number' } } }, ['lines'])
    const prompt: Partial<PromptSpec> = {
      output: total,
      repair: 0,
      output_validation: [
        {
          condition: { $expr: 'output.total == null || output.total == sum(output.lines)' },
          error_message: 'total must be the sum of the lines.',
        },
      ],
    }
    t.strictSame((await run({ prompt, provider: simulated({ answers: [{ json: { lines: [1, 2], total: null } }] }) })).output, {
      lines: [1, 2],
    })
    t.match(await failureOf(run({ prompt, provider: simulated({ answers: [{ json: { lines: [1, 2], total: 4 } }] }) })), {
      diagnostic: { notes: ['total must be the sum of the lines.'] },
    })
  })

  await t.test('cut off, it fails or is kept, as the prompt says', async t => {
    const provider = simulated({ answers: [{ text: 'Half of', finish_reason: 'length' }] })
    t.match(await failureOf(run({ provider })), {
      code: 'output/truncated',
      texts: ['Half of'],
      message: 'The answer was cut off after 2 tokens',
    })
    t.match(await run({ provider, prompt: { on_truncated: 'keep' } }), { text: 'Half of', finishReason: 'length' })
  })

  await t.test('a schema that cannot be used is named', async t => {
    for (const bad of [
      { type: 'object', properties: { a: { $ref: 'https://example.com/schema.json' } } },
      { type: 'string', pattern: '(?=a)' },
      { type: 'strin' },
    ]) {
      t.match(await errorOf(run({ prompt: { output: bad }, provider: simulated({ answers: [{ json: {} }] }) })), { code: 'run/bad-schema' })
    }
  })
})

t.test('max_cost refuses before the call', async t => {
  const price = [{ above_input_tokens: 0, input_nano_per_m: 1_000_000_000, output_nano_per_m: 1_000_000_000 }]
  const prompt: Partial<PromptSpec> = { max_cost_nano: 100_000, params: { max_output_tokens: 50 } }
  t.ok(await run({ prompt, model: { price } }))
  const error = await errorOf(run({ prompt: { ...prompt, params: { max_output_tokens: 5000 } }, model: { price } }))
  t.match(error, {
    code: 'gateway/max-cost',
    diagnostic: { address: 'prompt.test', notes: ['max_cost  $0.000100', 'needed    at most $0.005003, with 5,000 output tokens'] },
  })
  t.match(await errorOf(run({ prompt, model: { price: [{ above_input_tokens: 0, input_nano_per_m: 1 }] } })), {
    code: 'gateway/unknown-price',
  })
})

t.test('a call that goes wrong', async t => {
  const server = await startOpenAiServer()
  const key = 'sk-canary-8f21c07be4d2a9'
  const provider = providerSpec({ type: 'openai', base_url: server.url, api_key: { $secret: 'OPENAI_API_KEY' } })
  const clock = createFakeClock()
  const dependencies = gatewayDependencies({ OPENAI_API_KEY: key })
  t.teardown(async () => {
    await dependencies.http.close()
    await server.close()
  })

  await t.test('no key: where it was looked for, and what to do', async t => {
    const request = {
      environment: 'dev',
      closure: closureOf({}, {}, provider),
      input: {},
      tryInstead: 'flowrun run prompt.test --model model.simulated',
    }
    const error = await errorOf(runPrompt(request, promptDependencies()))
    t.match(error.diagnostic, {
      code: 'secret/missing',
      summary: 'Secret "OPENAI_API_KEY" is not set',
      address: 'provider.test',
      argument: 'api_key',
    })
    t.strictSame(error.diagnostic.detail?.split('\n'), [
      'Looked in: the environment; .flowrun/secrets (no such file).',
      'Set it for this shell:  export OPENAI_API_KEY=…',
      'Or try without a key:   flowrun run prompt.test --model model.simulated',
      'No call was made.',
    ])
  })

  await t.test('401: the status, the words of the provider without the key, the request', async t => {
    server.script({ fault: { kind: 'status', status: 401, code: 'invalid_api_key', message: `Incorrect API key provided: ${key}.` } })
    const failed = await failureOf(run({ provider, dependencies: promptDependencies(dependencies) }))
    t.match(failed.diagnostic, {
      code: 'provider/unauthorized',
      summary: 'provider.test refused the key',
      address: 'provider.test',
      argument: 'api_key',
      detail: 'Not retried, for a refused key stays refused. Put a valid key into OPENAI_API_KEY.',
    })
    t.strictSame(failed.diagnostic.notes, [
      'found in   the environment',
      'status     401 invalid_api_key: "Incorrect API key provided: (secret OPENAI_API_KEY)."',
      `request    req_1 to ${server.url}/chat/completions`,
    ])
    t.match(failed.spent, { costNano: 0, history: { attempts: [{ outcome: 'unauthorized' }] } })
    t.notMatch(JSON.stringify(failed) + failed.stack, key)
  })

  await t.test('429 until the attempts are used up: each with its time', async t => {
    const timed = promptDependencies({ ...dependencies, clock, timers: clock, random: () => 1 })
    const limited = { kind: 'status', status: 429, code: 'rate_limit_exceeded', message: 'Slow down' } as const
    server.script(
      ...['2', '4', '8', undefined].map(wait => ({
        fault: limited,
        headers: { 'x-ratelimit-limit-requests': '500', ...(wait !== undefined && { 'retry-after': wait }) },
      })),
    )
    const patient = { max_attempts: 4, initial_ms: 500, max_ms: 20_000, on: ['rate_limited'] } as const
    const pending = failureOf(run({ provider, model: { retry: patient, timeout_ms: 60_000 }, dependencies: timed }))
    // Real sockets under a clock that stands: it moves when the answer is in and the wait has begun.
    for (const wait of [2000, 4000, 8000]) {
      while (clock.nextInMs !== wait) await new Promise(resolve => setImmediate(resolve))
      await clock.advance(wait)
    }
    const failed = await pending
    t.match(failed.diagnostic, {
      code: 'provider/rate-limited',
      summary: 'model.test stayed rate limited through 4 attempts',
    })
    t.strictSame(failed.diagnostic.detail?.split('\n'), [
      'attempt  at      waited  result',
      '      1  0.0 s           429 rate_limit_exceeded, Retry-After 2 s',
      '      2  2.0 s    2.0 s  429 rate_limit_exceeded, Retry-After 4 s',
      '      3  6.0 s    4.0 s  429 rate_limit_exceeded, Retry-After 8 s',
      '      4  14.0 s   8.0 s  429 rate_limit_exceeded',
      'The provider allows 500 requests per minute for this key. model.test has no fallback.',
      'Hold calls back before the provider does:  rate_limit { requests_per_minute = 450 }',
      'Or answer from elsewhere:                  fallback = [model.backup]',
    ])
  })

  const retry = { max_attempts: 2, initial_ms: 0, max_ms: 10, on: ['network', 'server_error', 'timeout'] } as const

  await t.test('nobody listens: the address, the cause, and each attempt', async t => {
    const closed = await startOpenAiServer()
    await closed.close()
    const failed = await failureOf(
      run({ provider: { ...provider, base_url: closed.url }, model: { retry }, dependencies: promptDependencies(dependencies) }),
    )
    t.match(failed.diagnostic, {
      code: 'provider/unreachable',
      summary: 'provider.test cannot be reached',
      address: 'provider.test',
      argument: 'base_url',
    })
    t.match(failed.diagnostic.notes?.[0], /^cause {6}connect ECONNREFUSED /)
    t.equal(failed.diagnostic.notes?.[1], `url        ${closed.url}/chat/completions`)
    t.equal(failed.spent.history.attempts.length, 2)
  })

  await t.test('other answers: what each says first, and where to look', async t => {
    const cases = [
      [
        { kind: 'status', status: 404, code: 'model_not_found', message: 'The model does not exist' },
        'provider/not-found',
        'provider.test does not know "test-model"',
        'model.test',
      ],
      [
        { kind: 'status', status: 400, message: 'Unknown parameter' },
        'provider/bad-request',
        'provider.test does not accept the request',
        undefined,
      ],
      [
        { kind: 'status', status: 400, code: 'context_length_exceeded' },
        'provider/context-overflow',
        'The call does not fit into the window of model.test',
        'model.test',
      ],
      [{ kind: 'status', status: 403 }, 'provider/forbidden', 'provider.test does not allow this call', 'provider.test'],
      [{ kind: 'status', status: 500 }, 'provider/server-error', 'provider.test failed through 2 attempts', undefined],
      [{ kind: 'status', status: 503 }, 'provider/overloaded', 'model.test is overloaded', undefined],
      [{ kind: 'html' }, 'provider/bad-response', 'provider.test answered with something that is not an answer', 'provider.test'],
      [{ kind: 'hang' }, 'provider/timeout', 'model.test did not answer in time through 2 attempts', 'model.test'],
    ] as const
    for (const [fault, code, summary, address] of cases) {
      server.script({ fault })
      const failed = await failureOf(run({ provider, model: { retry, timeout_ms: 60 }, dependencies: promptDependencies(dependencies) }))
      t.match(failed.diagnostic, { code, summary })
      t.equal(failed.diagnostic.address, address, code)
    }
    const elsewhere = await failureOf(
      run({ provider: { ...provider, base_url: 'https://192.168.0.1/v1' }, dependencies: promptDependencies(dependencies) }),
    )
    t.match(elsewhere.diagnostic, {
      code: 'provider/private-address',
      summary: 'provider.test leads to the private address 192.168.0.1',
      argument: 'base_url',
    })
  })

  await t.test('a run that is cancelled says so', async t => {
    const request = { environment: 'dev', closure: closureOf({}, {}, provider), input: {}, signal: AbortSignal.abort() }
    t.match(await failureOf(runPrompt(request, promptDependencies(dependencies))), {
      code: 'run/cancelled',
      message: 'The run was cancelled',
    })
  })

  await t.test('what the run refers to and does not have', async t => {
    const closure = closureOf({}, {}, provider)
    t.match(await errorOf(runPrompt({ environment: 'dev', closure, input: {}, model: 'model.gone' }, promptDependencies())), {
      code: 'run/unresolved',
    })
    t.match(await errorOf(runPrompt({ environment: 'dev', closure, input: {}, model: 'provider.test' }, promptDependencies())), {
      code: 'run/unresolved',
    })
  })
})
