import type { Artifact } from '../artifact/envelope.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import { memberKey } from '../artifact/references.ts'
import { tierModelRange } from '../config/blocks/argument-range.ts'
import { chainFrom, fallbackRange, modelsOf } from '../config/checks.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CompiledBlock } from '../config/instance.ts'
import type { DiagnosticInput } from '../diagnostics/diagnostic.ts'
import type { Report } from '../diagnostics/report.ts'
import { type ModelOfPrompt, modelAt } from './forecasts.ts'
import { countFixedTokens, fitsSurely, loadTokenizer } from './tokens.ts'

/**
 * Whether the fixed text of each given prompt, with what is reserved for the answer, fits into the window of each model
 * that may answer it. Counting tokens is slow, so it is done only where the number of bytes does not settle it.
 */
export async function checkWindows(configuration: Configuration, addresses: ReadonlySet<string>, report: Report): Promise<void> {
  if (addresses.size === 0) return
  const models = modelsOf(configuration.blocks)
  const artifacts = new Map(configuration.blocks.map(({ address, artifact }) => [address, artifact]))
  for (const block of configuration.blocks) {
    if (block.artifact.kind !== 'prompt') continue
    const chains = block.artifact.spec.tiers.map(({ model }) => (memberKey(model) === model.$ref ? chainFrom(model.$ref, models) : []))
    // A smaller window of a model is met by prompts that are as they were.
    if ([block, ...chains.flat()].some(({ address }) => addresses.has(address))) await checkWindow(block, chains, artifacts, report)
  }
}

type Chain = ReturnType<typeof chainFrom>

/** Tells the first model that is too small: what does not fit into one often does not fit into the next either. */
async function checkWindow(
  block: CompiledBlock,
  chains: readonly Chain[],
  artifacts: ReadonlyMap<string, Artifact>,
  report: Report,
): Promise<void> {
  if (block.artifact.kind !== 'prompt') return
  for (const [tier, chain] of chains.entries()) {
    for (const link of chain) {
      const found = modelAt(link.address, artifacts)
      const overflow = found && (await overflowOf(block, block.artifact.spec, found))
      if (overflow === undefined) continue
      report.error({
        code: 'prompt/context-overflow',
        summary: `${block.address} does not fit into the window of ${link.address}`,
        subject: tierModelRange(block.block, tier),
        where: `in prompt "${block.name}"`,
        address: block.address,
        ...overflow,
        related: fallbackRange(chain, link),
      })
      return
    }
  }
}

async function overflowOf(
  block: CompiledBlock,
  spec: PromptSpec,
  { model, providerType }: ModelOfPrompt,
): Promise<Pick<DiagnosticInput, 'detail' | 'notes'> | undefined> {
  const { context_window: window, reserved_tokens: kept } = model.limits
  if (window === undefined) return undefined
  const output = spec.params?.max_output_tokens ?? model.params?.max_output_tokens ?? 0
  const reserved = output + kept
  if (fitsSurely(spec, window - reserved)) return undefined
  const tokens = countFixedTokens(spec, await loadTokenizer(providerType, model.id), block.textFiles)
  const excess = tokens.fixed + reserved - window
  if (excess <= 0) return undefined
  const [largest] = tokens.parts
  const about = tokens.approximate ? '~' : ''
  const lower = output > excess ? `lower max_output_tokens to at most ${count(output - excess)}, ` : ''
  return {
    detail: `Shorten ${largest?.name ?? 'the text'}, ${lower}or take a model with a larger window.`,
    notes: [
      `fixed text    ${about}${count(tokens.fixed)} tokens${largest ? `  (${largest.name} ${about}${count(largest.tokens)})` : ''}`,
      `reserved out  ${count(reserved)}`,
      `together      ${about}${count(tokens.fixed + reserved)} of ${count(window)} in the window: ${count(excess)} too many`,
    ],
  }
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
