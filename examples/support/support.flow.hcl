# What others may ask, too: a flow of its own.
workflow "lookup" {
  description = "Finds what is known about a question."
  input {
    field "question" { type = string }
  }
  node "model" "search" {
    prompt = prompt.lookup
    with   = { question = input.question }
  }
  output { value = { facts = [node.search.text] } }
}

workflow "support" {
  description = "Answers a customer's message; a refund waits for a person."
  timeout     = "48h"
  max_cost    = "$0.50"
  input {
    field "message" {
      type = string
      max  = 4000
    }
    field "pages" {
      type    = list(string)
      default = []
    }
  }

  node "guard" "screen" {
    guard = guard.untrusted
    text  = input.message
    on_error { action = "exit" }
  }

  # One summary per attached page, four at a time. A page that fails leaves a gap, and not the whole message unanswered.
  node "map" "pages" {
    items         = input.pages
    concurrency   = 4
    on_item_error = "drop"
    node "model" "summarise" {
      prompt = prompt.summary
      with   = { page = item.value }
    }
    output { value = node.summarise.text }
  }

  node "router" "topic" {
    default = "general"
    route "refund" { when = can(regex("refund|money back", lower(node.screen.text))) }
    route "thanks" { when = can(regex("^thank", lower(node.screen.text))) }
  }

  node "flow" "lookup" {
    on   = [exit.topic.general]
    flow = workflow.lookup
    with = { question = node.screen.text }
  }

  node "model" "answer" {
    prompt = prompt.answer
    with = {
      question = node.screen.text
      facts    = concat(node.lookup.output.facts, node.pages.output)
    }
    retry { max_attempts = 2 }
  }

  node "transform" "thanks" {
    on    = [exit.topic.thanks]
    value = "You are welcome."
  }

  node "model" "draft" {
    on     = [exit.topic.refund]
    prompt = prompt.refund
    with   = { message = node.screen.text }
  }

  node "approval" "release" {
    title      = "Refund of ${node.draft.output.amount} cents"
    body       = "${node.draft.output.reason}\n\n${input.message}"
    assignees  = ["role:support_lead"]
    timeout    = "24h"
    on_timeout = "reject"
    action "approve" {}
    action "reject" { require_comment = true }
    field "amount" {
      type    = integer
      initial = node.draft.output.amount
    }
  }

  node "transform" "refunded" {
    on    = [exit.release.approve]
    value = "We have refunded ${node.release.output.amount} cents."
  }

  node "transform" "refused" {
    on    = [exit.release.reject]
    value = "We are sorry: this cannot be refunded."
  }

  node "transform" "blocked" {
    on    = [exit.screen.blocked, exit.screen.error]
    value = "We could not read your message. Please write it in other words."
  }

  output {
    value = {
      answer = coalesce(
        node.answer.output.answer,
        node.thanks.output,
        node.refunded.output,
        node.refused.output,
        node.blocked.output,
      )
      topic   = node.topic.route
      sources = coalesce(node.answer.output.sources, [])
    }
  }
}
