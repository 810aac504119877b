# Every argument that an artifact can hold.
provider "simulated" {
  description = "Ours."
  labels      = { team = "support" }
  latency     = "20ms"
  seed        = 7
  answer {
    when              = strcontains(lower(request.text), "invoice") && request.attempt > 1
    json              = { topic = "billing", "$ref" = [request.model, 1, null, true] }
    latency           = "1m"
    tokens_per_second = 30
  }
  answer {
    tool_call {
      name      = "lookup"
      arguments = { order = request.text }
    }
  }
  answer { error = "overloaded" }
  fault {
    error       = "rate_limited"
    rate        = 0.05
    first       = 2
    when        = request.attempt == 1
    retry_after = "2s"
  }
}

model "embed" {
  provider     = provider.simulated
  id           = "simulated-embed"
  kind         = "embedding"
  dimensions   = 1536
  capabilities = []
  limits { context_window = 8000 }
  price { input = "$0.02" }
}

model "all" {
  provider            = provider.simulated
  id                  = "simulated-all"
  description         = "All of it."
  labels              = { a = "b", c = "d" }
  capabilities        = ["system", "seed", "reasoning", "images", "json_mode"]
  first_token_timeout = "5s"
  provider_options    = { logit_bias = { "50256" = -100 }, user = "x" }
  limits {
    context_window    = 200000
    max_output_tokens = 8000
    reserved_tokens   = 500
  }
  price {
    per    = "1K"
    input  = "$0.0025"
    output = "$0.01"
  }
  price {
    above_input_tokens = 128000
    input              = "$5"
    output             = "$20"
    cache_write        = "$1"
    reasoning          = "$2"
    image              = "$3"
    audio_input        = "$4"
    audio_output       = "$6"
  }
  retry {
    max_attempts = 1
    initial      = "250ms"
    max          = "1h30m"
    on           = ["timeout"]
  }
  circuit_breaker {
    enabled      = false
    failure_rate = 0.25
    window       = "1m"
    min_calls    = 3
    cooldown     = "2s"
  }
  rate_limit {
    tokens_per_minute = 100000
    max_concurrency   = 2
  }
}

prompt "extract" {
  description = "Reads one page of an invoice."
  input {
    field "page" {
      type      = file
      accept    = ["image/png", "image/jpeg"]
      max_bytes = "5MB"
    }
    field "history" {
      type    = list(message)
      default = []
    }
    field "currency" {
      type        = enum(["EUR", "USD"])
      description = "of the amounts"
      examples    = ["EUR"]
    }
    field "code" {
      type      = optional(string, "A1")
      pattern   = "[A-Z][0-9]"
      min       = 2
      max       = 2
      sensitive = true
    }
    validation {
      condition     = length(input.history) < 10
      error_message = "${length(input.history)} turns are too many."
    }
  }
  history = input.history
  message "assistant" { text = "Ready." }
  message "user" {
    text        = "Amounts in ${input.currency}, code ${input.code}.\n$${literal}"
    attachments = [input.page]
  }
  output {
    field "lines" {
      type        = list(object({ text = string, amount = describe(number, "gross") }))
      description = "In the order of the page."
    }
    field "total" { type = optional(number) }
    field "tags" { type = set(string) }
    field "pair" { type = tuple([string, integer]) }
    field "more" { type = map(any) }
    validation {
      condition     = output.total == null || output.total == sum(output.lines[*].amount)
      error_message = "total must be the sum of the lines."
    }
  }
  tier {
    model         = model.all
    escalate_on   = ["truncated", "output_invalid"]
    escalate_when = length(output.lines) == 0
  }
  tier { model = pin(model.all, 3) }
  params {
    temperature       = 0
    top_p             = 0.9
    top_k             = 40
    max_output_tokens = 2000
    seed              = 1
    frequency_penalty = -0.5
    presence_penalty  = 0.5
    reasoning_effort  = "high"
  }
  repair       = 0
  on_truncated = "keep"
  max_cost     = "$0.25"
  cache {
    ttl   = "7d"
    scope = "environment"
  }
}
