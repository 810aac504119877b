import type { ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { ProviderSpec } from '../artifact/provider.ts'
import { memberKey } from '../artifact/references.ts'
import { enumerate } from '../base/enumerate.ts'
import type { RelatedRange } from '../diagnostics/diagnostic.ts'
import type { Report } from '../diagnostics/report.ts'
import type { Block } from '../hcl/ast.ts'
import { argumentRange, nestedBlock, tierModelRange } from './blocks/argument-range.ts'
import type { CompiledBlock } from './instance.ts'
import { whyIgnored } from './model-params.ts'
import { referenceRange } from './order.ts'
import { type Need, needsOf } from './prompt-needs.ts'

export interface CompiledModel extends CompiledBlock {
  readonly spec: ModelSpec
}

export interface CompiledPrompt extends CompiledBlock {
  readonly spec: PromptSpec
}

/** Checks each prompt against the models of its chain: what one of them cannot do fails now, and not on the day of the outage. */
export function checkPrompts(blocks: readonly CompiledBlock[], report: Report): void {
  const models = modelsOf(blocks)
  const providers: Providers = new Map(
    blocks.flatMap(({ address, artifact }) => (artifact.kind === 'provider' ? [[address, artifact.spec] as const] : [])),
  )
  for (const model of models.values()) {
    const params = nestedBlock(model.block, 'params')
    if (params) warnOfParams(params, model.spec.params ?? {}, [model], { providers, prompt: model }, report)
  }
  for (const block of blocks) {
    if (block.artifact.kind !== 'prompt') continue
    const prompt: CompiledPrompt = { ...block, spec: block.artifact.spec }
    const asked = new Map<string, CompiledModel>()
    for (const [index, { model }] of prompt.spec.tiers.entries()) {
      // What another version could do is not known here.
      const chain = memberKey(model) === model.$ref ? chainFrom(model.$ref, models) : []
      for (const link of chain) asked.set(link.address, link)
      for (const need of needsOf(prompt.block, prompt.spec)) checkChain(prompt, index, chain, need, report)
    }
    warnIgnoredParams(prompt, [...asked.values()], providers, report)
  }
}

type Providers = ReadonlyMap<string, ProviderSpec>

/** The models among blocks, by address. */
export function modelsOf(blocks: readonly CompiledBlock[]): ReadonlyMap<string, CompiledModel> {
  return new Map(
    blocks.flatMap(block => (block.artifact.kind === 'model' ? [[block.address, { ...block, spec: block.artifact.spec }] as const] : [])),
  )
}

/** The model and all it falls back to, nearest first. */
export function chainFrom(address: string, models: ReadonlyMap<string, CompiledModel>): readonly CompiledModel[] {
  const chain = new Map<string, CompiledModel>()
  const queue = [address]
  for (const next of queue) {
    const model = models.get(next)
    if (model === undefined || chain.has(next)) continue
    chain.set(next, model)
    queue.push(...model.spec.fallback.map(fallback => fallback.$ref))
  }
  return [...chain.values()]
}

export function can(model: CompiledModel, need: Need): boolean {
  return need.anyOf.some(capability => model.spec.capabilities.includes(capability))
}

function checkChain(prompt: CompiledPrompt, tier: number, chain: readonly CompiledModel[], need: Need, report: Report): void {
  const lacking = chain.find(model => !can(model, need))
  const [first] = chain
  if (lacking === undefined || first === undefined) return
  const place = { subject: tierModelRange(prompt.block, tier), where: `in prompt "${prompt.name}"`, address: prompt.address }
  // A single model without structured output still works: the schema is said in the instructions.
  if (lacking === first && need.what === 'structured output') {
    report.warning({
      code: 'model/schema-in-instructions',
      summary: `${lacking.address} has no structured output, so the schema of ${prompt.address} is only asked for`,
      detail:
        'The schema goes into the instructions, and the answer is checked against it. Declare capabilities = ["json_schema"] if the model has it.',
      ...place,
    })
    return
  }
  report.error({
    code: 'model/missing-capability',
    summary: `${prompt.address} needs ${need.what}, ${lacking.address} has none`,
    detail: `${lacking === first ? `Take another model` : `Take ${lacking.address} out of the chain`}, or declare the capability if the server has it:\n  capabilities = ["${need.anyOf[0]}", …]`,
    ...place,
    notes:
      chain.length > 1
        ? [
            chain.map(model => model.address).join(' → '),
            `${need.anyOf[0]}: ${chain.map(model => capabilityText(model, need)).join(' → ')}`,
          ]
        : [],
    related: [...fallbackRange(chain, lacking), { range: need.because, message: `this needs ${need.anyOf[0]}` }],
  })
}

/** `yes` for the best that there is, the name of what will do. */
function capabilityText({ spec }: CompiledModel, { anyOf }: Need): string {
  const found = anyOf.find(capability => spec.capabilities.includes(capability))
  return found === undefined ? 'no' : found === anyOf[0] ? 'yes' : found
}

/** Where the model of the chain is named that falls back to this one; nothing for the first. */
export function fallbackRange(chain: readonly CompiledModel[], lacking: CompiledModel): readonly RelatedRange[] {
  const from = chain.find(model => model.spec.fallback.some(fallback => fallback.$ref === lacking.address))
  const range = from && referenceRange(from.block.body, lacking)
  return from && range ? [{ range, message: `${from.address} falls back to it` }] : []
}

/** Each parameter that a model of the chain would leave out, once. */
function warnIgnoredParams(prompt: CompiledPrompt, chain: readonly CompiledModel[], providers: Providers, report: Report): void {
  const params = nestedBlock(prompt.block, 'params')
  if (params !== undefined) warnOfParams(params, prompt.spec.params ?? {}, chain, { providers, prompt }, report)
}

interface ParamsOf {
  readonly providers: Providers
  readonly prompt: Pick<CompiledBlock, 'address' | 'name' | 'kind'>
}

function warnOfParams(block: Block, params: ParamsSpec, models: readonly CompiledModel[], { providers, prompt }: ParamsOf, report: Report) {
  for (const param of Object.keys(params) as (keyof ParamsSpec)[]) {
    const ignoring = models.flatMap(({ address, spec }) => {
      const why = whyIgnored(param, params, spec, providers.get(spec.provider.$ref))
      return why === undefined ? [] : [{ address, why }]
    })
    const [first] = ignoring
    if (first === undefined) continue
    report.warning({
      code: 'model/ignored-param',
      summary: `${enumerate(ignoring.map(({ address }) => address))} ${ignoring.length === 1 ? 'ignores' : 'ignore'} "${param}"`,
      detail: first.why,
      subject: argumentRange(block, param) ?? block.headerRange,
      where: `in ${prompt.kind} "${prompt.name}"`,
      address: prompt.address,
    })
  }
}
