import type { Template } from './template.ts'

const configuration = `provider "local" {
  type = "simulated"

  answer {
    when = strcontains(lower(request.text), "release")
    text = "A release is a numbered set of versions that an environment runs."
  }
}

model "fast" {
  provider = provider.local
  id       = "simulated-small"
}

prompt "answer" {
  model = model.fast

  input {
    field "question" { type = string }
  }

  system = template("prompts/answer.md")
  user   = input.question
}
`

const prompt = `You are a friendly assistant.
Answer in one sentence.
`

const tests = `run "knows_releases" {
  flow  = prompt.answer
  input = { question = "What is a release?" }

  assert {
    condition     = strcontains(output, "numbered set")
    error_message = "The answer does not say what a release is."
  }
}

run "refuses_no_question" {
  flow         = prompt.answer
  input        = {}
  expect_error = "run/invalid-input"
}
`

export const hello: Template = Object.freeze({
  name: 'hello',
  summary: 'a prompt, its model, and a simulated provider that needs no key',
  note: 'The provider is "simulated": it needs no key, and says so in every result.',
  files: [
    { path: 'main.flow.hcl', holds: 'a provider, a model, a prompt', content: configuration },
    { path: 'prompts/answer.md', holds: 'the text of the prompt', content: prompt },
    { path: 'answer.flowtest.hcl', holds: 'two tests', content: tests },
    { path: '.gitignore', holds: 'keeps .flowrun/ out of git', content: '.flowrun/\n' },
  ],
})
