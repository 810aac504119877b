import type { Artifact } from '../../artifact/envelope.ts'
import { formatSource } from '../../hcl/format.ts'
import { parseAddress } from '../address.ts'
import { type BodyItem, block } from './body.ts'
import { budgetItems } from './budget.ts'
import { guardItems } from './guard.ts'
import { modelItems } from './model.ts'
import { promptItems } from './prompt.ts'
import { providerItems } from './provider.ts'
import { toolItems } from './tool.ts'
import { workflowItems } from './workflow.ts'

/**
 * The configuration of a published artifact, in the standard format: a block that compiles to the same digest. Defaults
 * are left out, and so are facts that the catalogue gave; an older catalogue's the plan then shows as a change. References
 * are addresses, texts stand in the block. One text gets another digest, and says the same: a template whose last characters
 * are a strip marker, for it ends in a newline here.
 *
 * @param address `prompt.answer`; of an instance the block gets its name without the key.
 */
export function generatedBlock(address: string, artifact: Artifact): string {
  const name = parseAddress(address)?.name ?? address
  const { text } = block(`${artifact.kind} "${name}"`, itemsOf(artifact, name))
  return formatSource(`${text}\n`)
}

function itemsOf(artifact: Artifact, name: string): readonly BodyItem[] {
  switch (artifact.kind) {
    case 'provider':
      return providerItems(artifact.spec, name)
    case 'model':
      return modelItems(artifact.spec)
    case 'guard':
      return guardItems(artifact.spec)
    case 'prompt':
      return promptItems(artifact.spec)
    case 'tool':
      return toolItems(artifact.spec, name)
    case 'workflow':
      return workflowItems(artifact.spec)
    case 'budget':
      return budgetItems(artifact.spec)
  }
}
