# Workflows and tools with every type of node: what they compile to never changes.
provider "simulated" {}

model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}

model "large" {
  provider     = provider.simulated
  id           = "simulated-large"
  capabilities = ["json_schema", "streaming", "system"]
}

guard "untrusted" {
  length { max_chars = 8000 }
}

prompt "summary" {
  model = model.fast
  input {
    field "text" { type = string }
  }
  user = "Summarise in two sentences:\n\n${input.text}"
}

prompt "review" {
  model = model.large
  input {
    field "draft" { type = string }
  }
  user = input.draft
  output { type = object({ draft = string, score = number, hint = optional(string) }) }
}

workflow "summary" {
  input {
    field "text" { type = string }
  }
  node "model" "summarise" {
    prompt = prompt.summary
    with   = { text = input.text }
  }
  output { value = node.summarise.text }
}

tool "summary" { flow = workflow.summary }

tool "refund" {
  description = "Refunds an order. Amounts in cents."
  labels      = { team = "support" }
  name        = "refund_order"
  input {
    field "order_id" {
      type    = string
      pattern = "[A-Z0-9]{8}"
    }
    field "amount" { type = integer }
    field "currency" { type = string }
    validation {
      condition     = input.amount > 0
      error_message = "Nothing to refund."
    }
  }
  output { type = object({ refund_id = string }) }
  http {
    method        = "POST"
    url           = "https://api.shop.example/v1/orders/${input.order_id}/refunds"
    query         = { dry = "no" }
    headers       = { Authorization = "Bearer ${secret("SHOP_TOKEN")}", X-Order = input.order_id, X-Kind = "refund" }
    body          = { amount = input.amount, currency = input.currency, "$note" = "a" }
    result        = { refund_id = response.body.id }
    fail_when     = response.status != 201
    max_redirects = 2
  }
  bind             = { currency = "EUR" }
  replay           = "idempotent"
  on_unknown       = "fail"
  timeout          = "20s"
  max_result_bytes = "8KB"
  result_guards    = [guard.untrusted]
  retry {
    max_attempts = 2
    initial      = "1s"
  }
}

tool "status" {
  input {}
  http { url = "https://api.shop.example/status" }
}

tool "crm" {
  mcp {
    url     = "https://mcp.crm.example/mcp"
    headers = { Authorization = "Bearer ${secret("CRM_TOKEN")}" }
    tool    = "search"
  }
  replay = "safe"
}

tool "local" {
  input {
    field "path" { type = string }
  }
  command {
    argv = ["python3", "tools/count.py", "--path=${input.path}"]
    env  = { TOKEN = secret("LOCAL_TOKEN"), MODE = "fast" }
  }
}

workflow "everything" {
  description = "Every type of node, with what it may say."
  labels      = { team = "support" }
  timeout     = "10d"
  max_cost    = "$1.50"
  max_steps   = 500
  retention   = "7d"
  input {
    field "message" {
      type = string
      max  = 8000
    }
    field "pages" {
      type    = list(string)
      default = []
    }
    validation {
      condition     = input.message != ""
      error_message = "Say something."
    }
  }
  concurrency {
    limit = 4
    key   = "customer-${coalesce(session.user, "nobody")}"
  }

  node "guard" "screen" {
    guard = guard.untrusted
    text  = input.message
    on_error {
      action = "exit"
      codes  = ["guard/*"]
    }
  }
  node "router" "topic" {
    default = "general"
    route "refund" { when = can(regex("refund", lower(node.screen.text))) }
    route "other" { when = length(node.screen.text) > 100 }
  }
  node "router" "asked" {
    kind           = "model"
    model          = model.fast
    text           = node.screen.text
    min_confidence = 0.6
    default        = "calm"
    after          = [node.topic]
    route "angry" {
      description = "Complaints."
      examples    = ["Never again!"]
    }
    route "calm" { description = "Everything else." }
  }
  node "router" "canary" {
    kind    = "weighted"
    key     = run.id
    default = "stable"
    route "stable" { weight = 95 }
    route "next" { weight = 5 }
  }
  node "model" "answer" {
    on      = [exit.topic.general, exit.topic.other]
    when    = node.canary.route == "stable"
    prompt  = prompt.summary
    model   = model.large
    stream  = false
    with    = { text = "${node.screen.text} (${node.asked.route})" }
    timeout = "30s"
    retry {
      max_attempts = 3
      initial      = "2s"
      max          = "30s"
      on           = ["provider/*", "node/timeout"]
    }
    on_error {
      action = "default"
      value  = "Please try again later, ${coalesce(session.user, "friend")}."
      codes  = ["provider/*"]
    }
    cache {
      ttl   = "1h"
      scope = "environment"
    }
  }
  node "map" "pages" {
    items         = input.pages
    item_key      = "page-${item.index}"
    concurrency   = 4
    max_items     = 50
    on_item_error = "continue"
    node "flow" "one" {
      flow = workflow.summary
      with = { text = item.value }
    }
    node "transform" "short" {
      value = node.one.output
      when  = length(node.one.output) < 100
    }
    edge {
      from = node.one
      to   = node.short
      when = node.one.status == "succeeded"
    }
    output { value = { summary = try(node.short.output, null), text = item.value } }
  }
  node "loop" "polish" {
    state          = { draft = input.message, score = 0, seen = [] }
    max_iterations = 3
    node "model" "review" {
      prompt = prompt.review
      with   = { draft = loop.state.draft }
    }
    next = {
      draft = node.review.output.draft
      score = node.review.output.score
      seen  = concat(loop.state.seen, [loop.state.draft])
    }
    until = loop.state.score >= 0.8
  }
  node "transform" "unpolished" {
    on    = [exit.polish.exhausted]
    value = { draft = input.message }
    type  = object({ draft = string })
  }
  node "tool" "refund" {
    on   = [exit.release.approve]
    tool = tool.refund
    with = { order_id = "ABCD1234", amount = node.release.output.amount }
  }
  node "tool" "search" {
    tool = tool.crm
    with = { query = input.message }
    cache { ttl = "10m" }
  }
  node "approval" "release" {
    on         = [exit.topic.refund]
    title      = "Refund?"
    body       = "The customer writes:\n\n${node.screen.text}"
    assignees  = ["role:support_lead", "user:ana@example.com"]
    quorum     = 2
    separation = true
    timeout    = "24h"
    on_timeout = "expired"
    notify     = ["https://hooks.example/approvals", "mailto:leads@example.com"]
    action "approve" { label = "Pay it" }
    action "reject" { require_comment = true }
    field "amount" {
      type    = integer
      min     = 1
      initial = length(node.screen.text)
    }
    field "note" { type = optional(string) }
  }
  node "wait" "cool_off" {
    after    = [node.answer]
    duration = "24h"
  }
  node "wait" "later" {
    until = "2030-12-01T09:00:00Z"
    when  = false
  }
  node "wait" "soon" {
    duration = length(input.message)
    after    = [node.later]
  }
  node "wait" "paid" {
    signal  = "payment"
    type    = object({ amount = integer })
    timeout = "3d"
  }
  node "flow" "copy" {
    flow   = prompt.summary
    detach = true
    with   = { text = input.message }
  }
  edge {
    from = exit.release.expired
    to   = node.copy
    when = length(input.pages) > 0
  }
  edge {
    from = exit.release.reject
    to   = node.copy
  }

  output {
    value = {
      answer  = coalesce(node.answer.text, node.refund.output.refund_id)
      draft   = coalesce(node.unpolished.output.draft, node.polish.output.draft)
      pages   = node.pages.output[*].summary
      paid    = node.paid.output.amount
      status  = node.copy.status
      nothing = null
    }
  }
}

workflow "typed" {
  node "transform" "one" { value = { count = 1, "$kind" = "a" } }
  output {
    value = node.one.output
    type  = object({ count = integer })
  }
}
