provider "local" {
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
