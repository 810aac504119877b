/** A flow that waits for a signal before it asks a prompt that says `text`. */
export function waitingOrder(text: string): string {
  return `
provider "simulated" {}
model "fast" {
  provider = provider.simulated
  id       = "simulated-small"
}
prompt "answer" {
  model = model.fast
  user  = "${text}"
}
workflow "order" {
  timeout = "48h"
  node "wait" "paid" {
    signal  = "paid"
    timeout = "24h"
  }
  node "model" "answer" {
    after  = [node.paid]
    prompt = prompt.answer
  }
  output { value = node.answer.text }
}
`
}
