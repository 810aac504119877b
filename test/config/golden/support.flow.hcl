# The shape that most projects have.
flowrun { project = "support" }

provider "openai" { api_key = secret("OPENAI_API_KEY") }

model "fast" {
  provider     = provider.openai
  id           = "gpt-4o-mini"
  capabilities = ["tools", "json_schema", "streaming"]
  fallback     = [model.backup]
  limits {
    context_window    = 128000
    max_output_tokens = 16384
  }
  price {
    input        = "$0.15"
    cached_input = "$0.075"
    output       = "$0.60"
  }
  retry { max_attempts = 4 }
}

model "backup" {
  provider     = provider.local
  id           = "llama"
  capabilities = ["json_schema"]
  timeout      = "90s"
  limits { context_window = 8192 }
  price { request = "$0.001" }
  params {
    temperature = 0.2
    stop        = ["END"]
  }
}

provider "local" {
  type          = "openai_compatible"
  base_url      = "http://10.0.0.4:8000/v1"
  allow_private = true
  headers       = { Authorization = "Bearer ${secret("LOCAL_TOKEN")}" }
  rate_limit { requests_per_minute = 500 }
}

prompt "answer" {
  model = model.fast
  input {
    field "question" { type = string }
    field "context" {
      type    = list(string)
      default = []
    }
  }
  system = template("answer.md")
  user   = <<-EOT
    %{for c in input.context~}
    - ${c}
    %{endfor~}
    Question: ${input.question}
  EOT
  output { type = object({ answer = string, sources = list(string) }) }
}
