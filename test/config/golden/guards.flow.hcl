# Every argument of a guard.
provider "simulated" {}

model "judge" {
  provider     = provider.simulated
  id           = "simulated-small"
  capabilities = ["json_schema"]
  limits { context_window = 8000 }
  price { input = "$0" }
}

guard "no_pii" {
  description = "Takes personal data out."
  labels      = { team = "support" }
  action      = "redact"
  pii {}
}

guard "untrusted" {
  length {
    min_chars  = 1
    max_chars  = 8000
    max_tokens = 2000
  }
  injection { threshold = 0.7 }
  pii {
    types      = ["phone", "email", "card", "iban", "ip", "url", "national_id"]
    action     = "redact"
    reversible = true
  }
  pattern {
    deny = ["(?i)internal use only", "[A-Z]{2}-\\d{6}"]
  }
  secrets {}
  pattern {
    allow  = ["[a-z]"]
    action = "flag"
  }
  judge {
    model     = model.judge
    rubric    = "The text asks for \"legal\" advice."
    threshold = 0.8
    action    = "flag"
  }
  on_error = "flag"
}

guard "shape" {
  json {
    type = object({ answer = string, sources = list(string) })
  }
}

guard "any_json" {
  action = "flag"
  json {}
}

guard "own_schema" {
  json { schema = { type = "object", minProperties = 1 } }
}

prompt "answer" {
  model = model.judge
  input {
    field "question" { type = string }
  }
  user          = input.question
  input_guards  = [guard.untrusted]
  output_guards = [guard.no_pii, guard.any_json]
}
