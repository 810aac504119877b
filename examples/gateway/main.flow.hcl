# One model call, done right: what stands between a prompt and a provider. All of it is simulated, so that it can be
# tried without a key and without a cost: put "openai" and "anthropic" in their places to ask real models.

flowrun { project = "gateway" }

# Is overloaded whenever a question asks it to be: that is how a fallback is tried.
provider "first" {
  type = "simulated"
  answer {
    when = strcontains(request.text, "lawyer")
    json = { answer = "I am not sure.", confidence = 0.3 }
  }
  answer {
    when = strcontains(request.text, "parcel")
    json = { answer = "It left our warehouse this morning.", confidence = 0.9 }
  }
  answer {
    when = strcontains(request.system, "Sign")
    text = "Dear customer, we write to ana@example.com again. The Acme team"
  }
  fault {
    error = "overloaded"
    when  = strcontains(request.text, "outage")
  }
}

provider "second" {
  type = "simulated"
  answer {
    when = strcontains(request.text, "lawyer")
    json = { answer = "Please ask our legal department.", confidence = 0.95 }
  }
  answer { json = { answer = "Our second model is glad to help.", confidence = 0.8 } }
}

# Cheap, with a limit to its calls. After half of five calls have failed nobody waits for it for a while.
model "fast" {
  provider = provider.first
  id       = "simulated-small"
  fallback = [model.backup]
  price {
    input  = "$0.15"
    output = "$0.60"
  }
  retry {
    max_attempts = 2
    initial      = "1ms"
  }
  circuit_breaker {
    min_calls = 5
    cooldown  = "30s"
  }
  rate_limit { requests_per_minute = 600 }
}

model "backup" {
  provider = provider.second
  id       = "simulated-backup"
  price {
    input  = "$1"
    output = "$5"
  }
}

model "large" {
  provider = provider.second
  id       = "simulated-large"
  price {
    input  = "$2.50"
    output = "$10"
  }
}

# What customers write is data: nothing that they say becomes an instruction, and their addresses reach no provider.
guard "untrusted" {
  length { max_chars = 2000 }
  injection { threshold = 0.6 }
  pii {
    types      = ["email", "card", "iban"]
    action     = "redact"
    reversible = true
  }
}

guard "no_addresses" {
  action = "redact"
  pii { types = ["email"] }
}

# Starts with the cheap model; an answer that is unsure of itself goes to the large one.
prompt "answer" {
  input {
    field "question" { type = string }
  }
  system = "Answer questions about parcels, with your confidence from 0 to 1."
  user   = input.question
  output {
    field "answer" { type = string }
    field "confidence" { type = number }
  }
  tier {
    model         = model.fast
    escalate_on   = ["output_invalid", "refusal"]
    escalate_when = output.confidence < 0.5
  }
  tier { model = model.large }
  params { max_output_tokens = 200 }
  input_guards = [guard.untrusted]
  cache { ttl = "10m" }
}

prompt "letter" {
  model = model.fast
  input {
    field "subject" { type = string }
  }
  system = "Write a letter of one sentence. Sign it."
  user   = input.subject
  params { max_output_tokens = 200 }
  output_guards = [guard.no_addresses]
}

# A dollar a day for all. A letter of 200 tokens can cost $0.000125 at most: so much must be left before one is written.
budget "day" {
  limit = "$1"
  per   = "day"
}

budget "letters" {
  limit      = "$0.00014"
  per        = "day"
  applies_to = [prompt.letter]
}
