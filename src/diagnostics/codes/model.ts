import type { CodePage } from './page.ts'

/** What a model can be told about itself, and prompts about their models. */
export const modelCodes = {
  'model/unknown-id': {
    severity: 'warning',
    since: '1.0',
    what: 'The catalogue does not know the id of a model.',
    example: 'provider "openai" {}\n\nmodel "fast" {\n  provider = provider.openai\n  id       = «"gpt-4o-minni"»\n}\n',
    why: 'Its limits, price and capabilities are unknown, and the vendor may not know it either.',
    cure: ['Correct the id.', 'Or say limits, price and capabilities in the block.'],
  },
  'model/unknown': {
    severity: 'error',
    since: '1.0',
    what: 'There is no such model.',
    why: 'A model is shown by its address, model.NAME, or by its id in the catalogue.',
    cure: ['See the models of this configuration: flowrun models', 'Or all that are known: flowrun models --catalogue'],
    see: ['model/unknown-id'],
  },
  'model/retired': {
    severity: 'warning',
    since: '1.0',
    what: 'The vendor has announced the end of a model.',
    why: 'Calls fail from that day on.',
    cure: ['Take a newer model, and compare it before you deploy it.'],
  },
  'model/missing-capability': {
    severity: 'error',
    since: '1.0',
    what: 'A model of the chain cannot do what the prompt needs.',
    example:
      'provider "simulated" {}\n\nmodel "fast" {\n  provider = provider.simulated\n  id       = "simulated-small"\n  fallback = [model.plain]\n}\n\nmodel "plain" {\n  provider     = provider.simulated\n  id           = "simulated-small"\n  capabilities = ["streaming", "system"]\n}\n\nprompt "answer" {\n  model = «model.fast»\n  user  = "Say hello."\n  output { type = object({ greeting = string }) }\n}\n',
    why: 'The fallback answers on the day of an outage: that is no day to learn that it cannot.',
    cure: ['Take the model out of the chain.', 'Or declare the capability, if the server has it.'],
  },
  'model/schema-in-instructions': {
    severity: 'warning',
    since: '1.0',
    what: 'A model has no structured output, so the schema of the answer is only asked for in words.',
    example:
      'provider "simulated" {}\n\nmodel "plain" {\n  provider     = provider.simulated\n  id           = "simulated-small"\n  capabilities = ["streaming", "system"]\n}\n\nprompt "answer" {\n  model = «model.plain»\n  user  = "Say hello."\n  output { type = object({ greeting = string }) }\n}\n',
    why: 'Answers are checked against the schema all the same, but will fit less often.',
    cure: ['Take a model with json_schema, or declare the capability if the server has it.'],
  },
  'model/ignored-param': {
    severity: 'warning',
    since: '1.0',
    what: 'A prompt sets a parameter that its model does not know.',
    example:
      'provider "simulated" {}\n\nmodel "plain" {\n  provider     = provider.simulated\n  id           = "simulated-small"\n  capabilities = ["streaming", "system"]\n}\n\nprompt "answer" {\n  model = model.plain\n  user  = "Say hello."\n  params { seed = «7» }\n}\n',
    why: 'The vendor leaves it out, or refuses the call.',
    cure: ['Remove the parameter.', 'Or declare the capability, if the server has it.'],
  },
} as const satisfies Record<`model/${string}`, CodePage>
