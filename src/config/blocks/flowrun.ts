import type { Block } from '../../hcl/ast.ts'
import { text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, optional } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { parseConstraint, satisfies } from '../version-constraint.ts'

export const flowrunBody = {
  arguments: {
    project: optional(
      text({
        pattern: /^[a-z][a-z0-9_-]{0,62}$/,
        shape: 'A project is named by small letters, digits, "-" and "_", and starts with a letter.',
      }),
    ),
    required_version: optional(text()),
    default_environment: optional(text()),
    description: optional(text()),
  },
} as const satisfies BodySpec

/** The project's settings. A flowrun outside of `required_version` stops here, before anything else is said. */
export function decodeFlowrun(block: Block, flowrunVersion: string, site: BlockSite): Decoded<typeof flowrunBody> | undefined {
  const decoded = decodeBody(block.body, flowrunBody, site, block)
  if (decoded?.required_version !== undefined) checkVersion(block, decoded.required_version, flowrunVersion, site)
  return decoded
}

function checkVersion(block: Block, written: string, flowrunVersion: string, site: BlockSite): void {
  const attribute = block.body.items.find(item => item.kind === 'attribute' && item.name === 'required_version')
  const place = { subject: attribute?.range ?? block.headerRange, where: site.where }
  const constraint = parseConstraint(written)
  if (constraint === undefined) {
    site.report.error({
      code: 'config/bad-constraint',
      summary: `"${written}" is not a version constraint`,
      detail: 'Write comparisons with =, !=, >, >=, <, <= or ~>, separated by commas: ">= 1.0, < 2.0".',
      ...place,
    })
  } else if (!satisfies(flowrunVersion, constraint)) {
    site.report.error({
      code: 'config/version-not-met',
      summary: `This is flowrun ${flowrunVersion}, and the project asks for ${written}`,
      detail: 'Install a flowrun that the project allows, or change required_version.',
      ...place,
    })
  }
}
