provider "simulated" {}

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
  model = model.small
  user  = "Say hello."
}

workflow "support" {
  node "model" "answer" { prompt = prompt.answer }
  output { value = node.answer.text }
}

budget "flows" {
  limit      = "$2"
  per        = "week"
  by         = "flow"
  applies_to = [workflow.support]
  action     = "pause"
}
