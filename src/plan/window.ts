import type { Artifact } from '../artifact/envelope.ts'
import { argumentRange } from '../config/blocks/argument-range.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { Report } from '../diagnostics/report.ts'
import { modelOf } from './forecasts.ts'
import { countFixedTokens, fitsSurely, loadTokenizer } from './tokens.ts'

/**
 * Whether the fixed text of each given prompt, with what is reserved for the answer, fits into the window of its model.
 * Counting tokens is slow, so it is done only where the number of bytes does not settle it.
 */
export async function checkWindows(configuration: Configuration, addresses: ReadonlySet<string>, report: Report): Promise<void> {
  const artifacts = new Map(configuration.blocks.map(({ address, artifact }) => [address, artifact]))
  for (const block of configuration.blocks) if (addresses.has(block.address)) await checkWindow(block, artifacts, report)
}

async function checkWindow(block: CompiledBlock, artifacts: ReadonlyMap<string, Artifact>, report: Report): Promise<void> {
  if (block.artifact.kind !== 'prompt') return
  const { spec } = block.artifact
  const found = modelOf(spec, artifacts)
  const window = found?.model.limits.context_window
  if (found === undefined || window === undefined) return
  const { limits, id } = found.model
  const output = spec.params?.max_output_tokens ?? found.model.params?.max_output_tokens ?? 0
  const reserved = output + limits.reserved_tokens
  if (fitsSurely(spec, window - reserved)) return
  const tokens = countFixedTokens(spec, await loadTokenizer(found.providerType, id), block.textFiles)
  const excess = tokens.fixed + reserved - window
  if (excess <= 0) return
  const [largest] = tokens.parts
  const about = tokens.approximate ? '~' : ''
  report.error({
    code: 'prompt/context-overflow',
    summary: `${block.address} does not fit into the window of ${found.modelAddress}`,
    detail: `Shorten ${largest?.name ?? 'the text'}, lower max_output_tokens, or take a model with a larger window.`,
    subject: argumentRange(block.block, 'model') ?? block.block.headerRange,
    where: `in prompt "${block.name}"`,
    address: block.address,
    notes: [
      `fixed text    ${about}${count(tokens.fixed)} tokens${largest ? `  (${largest.name} ${about}${count(largest.tokens)})` : ''}`,
      `reserved out  ${count(reserved)}`,
      `together      ${about}${count(tokens.fixed + reserved)} of ${count(window)} in the window: ${count(excess)} too many`,
    ],
  })
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
