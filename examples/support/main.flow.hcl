# A customer writes; a person has the last word on money. All models are simulated, so that it runs without a key.

flowrun { project = "support" }

provider "cheap" {
  type = "simulated"
  answer {
    when = strcontains(request.system, "Look up")
    text = "Parcels take two working days."
  }
  answer { text = "The customer has a question." }
}

provider "careful" {
  type = "simulated"
  answer {
    when = strcontains(request.system, "refund")
    json = { amount = 1250, reason = "The parcel arrived damaged." }
  }
  answer { json = { answer = "Your parcel arrives on Thursday.", sources = ["delivery times"] } }
}

# Reads a lot, and costs little.
model "fast" {
  provider = provider.cheap
  id       = "simulated-small"
  fallback = [model.large]
  price {
    input  = "$0.15"
    output = "$0.60"
  }
}

# Writes what a customer sees.
model "large" {
  provider     = provider.careful
  id           = "simulated-large"
  capabilities = ["json_schema", "streaming", "system"]
  price {
    input  = "$2.50"
    output = "$10"
  }
}

# What customers write is data: no text of theirs becomes an instruction, and their addresses reach no model.
guard "untrusted" {
  length { max_chars = 4000 }
  injection { threshold = 0.7 }
  pii {
    types  = ["email", "card", "iban"]
    action = "redact"
  }
}

prompt "summary" {
  model = model.fast
  input {
    field "page" { type = string }
  }
  system = template("prompts/summary.md")
  user   = input.page
}

prompt "lookup" {
  model = model.fast
  input {
    field "question" { type = string }
  }
  system = template("prompts/lookup.md")
  user   = input.question
}

prompt "answer" {
  model = model.large
  input {
    field "question" { type = string }
    field "facts" {
      type    = list(string)
      default = []
    }
  }
  system = template("prompts/answer.md")
  user   = input.question
  output {
    field "answer" { type = string }
    field "sources" { type = list(string) }
  }
}

prompt "refund" {
  model = model.large
  input {
    field "message" { type = string }
  }
  system = template("prompts/refund.md")
  user   = input.message
  output {
    field "amount" { type = integer }
    field "reason" { type = string }
  }
}
