# Values that are known when planning: locals, variables, keys, counts, functions.
variable "languages" {
  type    = map(string)
  default = { de = "German", en = "English" }
}

locals {
  tone = upper(substr("calm and exact", 0, 4))
}

provider "simulated" {}

model "small" {
  count        = 2
  provider     = provider.simulated
  id           = "simulated-${count.index}"
  capabilities = ["json_schema"]
  limits { context_window = 1000 }
  price { request = "$0" }
}

prompt "greet" {
  for_each = var.languages
  model    = model.small[length(each.key) - 2]
  input {
    field "name" { type = string }
  }
  system = "Speak ${each.value}, ${local.tone}. 0.1 + 0.2 is ${0.1 + 0.2}. \u00e9"
  user   = join(" ", ["Greet", title(input.name), "in", each.key])
}
