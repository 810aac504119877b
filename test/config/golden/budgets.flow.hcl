provider "simulated" {}

model "large" {
  provider     = provider.simulated
  id           = "simulated-large"
  capabilities = ["streaming"]
  fallback     = [model.small]
  limits { max_output_tokens = 100 }
  price {
    input  = "$1"
    output = "$4"
  }
}

model "small" {
  provider     = provider.simulated
  id           = "simulated-small"
  capabilities = ["streaming"]
  limits { max_output_tokens = 100 }
  price {
    input  = "$0.10"
    output = "$0.40"
  }
}

prompt "answer" {
  model = model.large
  user  = "Say hello."
}

budget "team" {
  limit = "$50"
  per   = "day"
}

budget "tenant" {
  description   = "What a customer may use."
  labels        = { team = "support" }
  limit         = "$5.25"
  per           = "month"
  by            = "tenant"
  applies_to    = [prompt.answer, model.large, provider.simulated]
  action        = "degrade"
  degrade_to    = model.small
  warn_at       = ["90%", "50%", "33.3%", "50%"]
  timezone      = "Europe/Berlin"
  unknown_price = "ignore"
}

budget "run" {
  limit   = "$0.000000001"
  per     = "run"
  action  = "warn"
  warn_at = []
}
