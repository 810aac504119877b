import t from 'tap'
import { compile, told } from '../support/configuration.ts'

/** Providers of these types, and models that name them. */
const model = (name: string, type: string, rest = '') => `
provider "${name}" {
  type     = "${type}"
  ${type === 'openai_compatible' || type === 'azure' ? 'base_url = "https://models.example.com"' : ''}
}

model "${name}" {
  provider = provider.${name}
  id       = "simulated"
  ${rest}
}
`
const can = (...capabilities: string[]) => `capabilities = ${JSON.stringify(capabilities)}`

/** What is told, without what the made-up ids give. */
function checked(text: string) {
  return compile(text).diagnostics.filter(({ code }) => code !== 'model/unknown-id')
}

t.test('each kind of file that an input accepts needs a model that reads it', t => {
  const field = (rest: string) => `input {\n    field "page" {\n      ${rest}\n    }\n  }\n  message "user" { attachments = [input.page] }`
  const needed = (input: string, ...capabilities: string[]) =>
    checked(`${model('it', 'simulated', can('system', ...capabilities))}prompt "a" {\n  model = model.it\n  ${input}\n}\n`)
      .filter(({ severity }) => severity === 'error')
      .map(({ code, related }) => `${code} ${related?.at(-1)?.message}`)
  const missing = (capability: string) => `model/missing-capability this needs ${capability}`

  t.same(needed(field('type = file'), 'images'), [])
  t.same(needed(field('type = file')), [missing('images')], 'any kind will do')
  t.same(needed(field('type   = file\n      accept = ["image/png", "application/pdf"]'), 'images'), [missing('files')])
  t.same(needed(field('type   = file\n      accept = ["image/png", "application/pdf"]'), 'files'), [missing('images')])
  t.same(needed(field('type   = file\n      accept = ["image/png", "application/pdf"]'), 'files', 'images'), [])
  t.same(needed(field('type   = file\n      accept = ["audio/*"]'), 'files', 'images'), [missing('audio')])
  t.same(needed(field('type   = file\n      accept = ["text/csv"]'), 'files'), [])
  t.same(needed('input {\n    field "page" { type = list(file) }\n  }\n  message "user" { attachments = input.page }'), [missing('images')])
  t.same(needed('input { type = object({ page = file }) }\n  message "user" { attachments = [input.page] }'), [missing('images')])
  t.end()
})

t.test('what a tier lacks is told at the tier, and what a fallback lacks at both ends', t => {
  const diagnostics =
    checked(`${model('small', 'simulated')}${model('large', 'openai_compatible', `fallback = [model.backup]\n  ${can('json_schema')}`)}
${model('backup', 'openai_compatible', can('streaming'))}
prompt "a" {
  user = "x"
  output { type = list(string) }
  tier {
    model       = model.small
    escalate_on = ["output_invalid"]
  }
  tier { model = model.large }
}
`)
  t.same(told(diagnostics), ['model/missing-capability "model.large"'])
  t.same(diagnostics[0]?.notes, ['model.large → model.backup', 'json_schema: yes → no'])
  t.same(
    diagnostics[0]?.related?.map(({ message }) => message),
    ['model.large falls back to it', 'this needs json_schema'],
  )
  t.end()
})

t.test('a parameter that models leave out is told once, for the whole chain', t => {
  const ignored = (models: string, params: string) =>
    checked(`${models}prompt "a" {\n  model = model.it\n  user  = "x"\n  params { ${params} }\n}\n`).map(({ summary }) => summary)
  t.same(ignored(model('it', 'openai_compatible'), 'top_k = 4'), ['model.it ignores "top_k"'])
  t.same(ignored(model('it', 'simulated'), 'top_k = 4'), [])
  t.same(ignored(model('it', 'anthropic'), 'presence_penalty = 1'), ['model.it ignores "presence_penalty"'])
  const chain = model('it', 'anthropic', 'fallback = [model.next]') + model('next', 'mistral')
  t.same(ignored(chain, 'top_k = 1'), ['model.next ignores "top_k"'])
  t.same(ignored(chain, 'seed = 1'), ['model.it and model.next ignore "seed"'])
  const thinking = model('it', 'openai', can('reasoning'))
  t.same(ignored(thinking, 'temperature = 0'), ['model.it ignores "temperature"'])
  t.same(ignored(thinking, 'reasoning_effort = "none"'), [])
  t.same(ignored(model('it', 'google'), 'presence_penalty = 1'), [])
  const responses = model('it', 'openai').replace('"openai"\n', '"openai"\n  api = "responses"\n')
  t.same(ignored(responses, 'stop = ["END"]'), ['model.it ignores "stop"'])
  t.end()
})

t.test('a parameter of a model itself is told in its block', t => {
  const diagnostics = checked(model('it', 'mistral', 'params { top_k = 40 }'))
  t.match(diagnostics, [{ code: 'model/ignored-param', address: 'model.it', where: 'in model "it"' }])
  t.same(told(diagnostics), ['model/ignored-param "40"'])
  t.end()
})

t.test('a price of batches is kept, and one that is not said has no key', t => {
  const priceOf = (text: string) => {
    const { configuration } = compile(model('it', 'simulated', `price { ${text} }`))
    const artifact = configuration?.blocks.find(({ kind }) => kind === 'model')?.artifact
    return artifact?.kind === 'model' ? artifact.spec.price : undefined
  }
  t.same(priceOf('batch_input = "$0.5"'), [{ above_input_tokens: 0, batch_input_nano_per_m: 500_000_000 }])
  t.same(priceOf('input = "$1"'), [{ above_input_tokens: 0, input_nano_per_m: 1_000_000_000 }])
  t.end()
})
