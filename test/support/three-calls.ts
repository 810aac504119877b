export const THREE_NODES = ['first', 'second', 'third'] as const

/** `workflow.steps`: three calls of a model, one after the other. 12 tokens in and 7 out cost 19,000 nano-dollars. */
export function threeCalls(url: string): string {
  const nodes = THREE_NODES.map((name, index) => {
    const after = index === 0 ? '' : `after = [node.${THREE_NODES[index - 1]}]`
    return `node "model" "${name}" {\n${after}\nprompt = prompt.say\nwith = { text = "${name}" }\n}`
  })
  return `
flowrun { project = "shop" }
provider "openai" {
  base_url = "${url}"
  api_key  = secret("OPENAI_API_KEY")
}
model "small" {
  provider = provider.openai
  id       = "gpt-4o-mini"
  limits { max_output_tokens = 100 }
  price {
    input        = "$1"
    cached_input = "$1"
    output       = "$1"
  }
}
prompt "say" {
  model = model.small
  input {
    field "text" { type = string }
  }
  user = input.text
}
workflow "steps" {
  ${nodes.join('\n')}
  output { value = { text = "\${node.first.text} \${node.second.text} \${node.third.text}" } }
}
`
}
