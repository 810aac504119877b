flowrun {
  project             = "support"
  default_environment = "dev"
}

environment "dev" {}

# What customers talk to: `destroy` needs one more word here.
environment "prod" {
  protected = true
  variables = {
    signature = "The Acme team"
  }
}

variable "signature" {
  type        = string
  default     = "A robot on a developer's desk"
  description = "How letters are signed: it differs between environments."
}

# Answers without a key and without a cost; put "openai" or "anthropic" here to ask a real model.
provider "simulated" {
  answer {
    when = strcontains(request.system, "step")
    text = "First open the box. Then read the note. [guide.md]"
  }
  answer { text = "Open the box and read the note." }
}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}

prompt "answer" {
  model  = model.fast
  system = template("prompts/answer.md")
  user   = input.question
  input {
    field "question" { type = string }
  }
}

# Has a value of the environment in it, so it is applied to each, and not promoted.
prompt "letter" {
  model  = model.fast
  system = "Write a letter of two sentences. Sign it: ${var.signature}."
  user   = input.subject
  input {
    field "subject" { type = string }
  }
}
