import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** About 280 characters, as the peer's figures were taken with. */
const SYSTEM = (index: number) =>
  `You are assistant number ${index} of the support team. Answer in the language of the question, briefly and with numbered steps where there are steps. Cite the article that you used by its title. When no article answers the question, say so and offer to ask a person. Do not guess prices.`

/** The configuration of `count` prompts on one model. */
export function promptConfiguration(count: number): string {
  const prompts = Array.from({ length: count }, (_, index) => promptBlock(index))
  return `flowrun { project = "bench" }\n\nprovider "local" { type = "simulated" }\n\nmodel "fast" {\n  provider = provider.local\n  id       = "simulated-small"\n}\n${prompts.join('')}`
}

function promptBlock(index: number): string {
  return `
prompt "p${index}" {
  model = model.fast
  input {
    field "question" { type = string }
  }
  system = "${SYSTEM(index)}"
  user   = "Question: \${input.question}"
}
`
}

/** A flowrun project of so many prompts in a folder. */
export function writeFlowrunProject(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'main.flow.hcl'), promptConfiguration(count))
}

/** The same texts as `terraform_data` resources, each with a reference to the first, as each prompt refers to one model. */
export function writeTerraformProject(folder: string, count: number): void {
  mkdirSync(folder, { recursive: true })
  const resources = Array.from({ length: count }, (_, index) => {
    const first = index === 0 ? '' : '\n    first  = terraform_data.p0.id'
    return `\nresource "terraform_data" "p${index}" {\n  input = {\n    system = "${SYSTEM(index)}"${first}\n  }\n}\n`
  })
  writeFileSync(join(folder, 'main.tf'), resources.join(''))
}
