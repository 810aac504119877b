import type { Capability, ModelSpec, ParamsSpec } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import { memberKey } from '../artifact/references.ts'
import type { RelatedRange } from '../diagnostics/diagnostic.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block } from '../hcl/ast.ts'
import { argumentRange } from './blocks/argument-range.ts'
import type { CompiledBlock } from './instance.ts'
import { referenceRange } from './order.ts'

export interface CompiledModel extends CompiledBlock {
  readonly spec: ModelSpec
}

interface CompiledPrompt extends CompiledBlock {
  readonly spec: PromptSpec
}

/** What a prompt asks of every model that may answer it. */
interface Need {
  /** Any one of them is enough. */
  readonly anyOf: readonly Capability[]
  /** `structured output`, as a message says it. */
  readonly what: string
  readonly because: SourceRange
}

/** Checks each prompt against the models of its chain: what one of them cannot do fails now, and not on the day of the outage. */
export function checkPrompts(blocks: readonly CompiledBlock[], report: Report): void {
  const models = new Map(
    blocks.flatMap(block => (block.artifact.kind === 'model' ? [[block.address, { ...block, spec: block.artifact.spec }] as const] : [])),
  )
  for (const block of blocks) {
    if (block.artifact.kind !== 'prompt') continue
    const prompt: CompiledPrompt = { ...block, spec: block.artifact.spec }
    for (const { model } of prompt.spec.tiers) {
      // What another version could do is not known here.
      const chain = memberKey(model) === model.$ref ? chainFrom(model.$ref, models) : []
      for (const need of needsOf(prompt)) checkChain(prompt, chain, need, report)
      const [first] = chain
      if (first) warnIgnoredParams(prompt, first, report)
    }
  }
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

function needsOf(prompt: CompiledPrompt): readonly Need[] {
  const needs: Need[] = []
  const output = nestedBlock(prompt.block, 'output')
  if (prompt.spec.output && output)
    needs.push({ anyOf: ['json_schema', 'json_mode'], what: 'structured output', because: output.typeRange })
  for (const field of fileFields(prompt)) needs.push(field)
  return needs
}

function fileFields(prompt: CompiledPrompt): readonly Need[] {
  const input = nestedBlock(prompt.block, 'input')
  const properties = prompt.spec.input?.properties
  if (input === undefined || typeof properties !== 'object' || properties === null) return []
  return input.body.items.flatMap((field): readonly Need[] => {
    if (field.kind !== 'block' || field.type !== 'field') return []
    const type = field.body.items.find(item => item.kind === 'attribute' && item.name === 'type')
    const isFile = type?.kind === 'attribute' && type.expression.kind === 'traversal' && type.expression.root === 'file'
    const schema = (properties as Readonly<Record<string, { readonly 'x-accept'?: readonly string[] } | undefined>>)[
      field.labels[0]?.text ?? ''
    ]
    return isFile ? [{ ...mediaNeed(schema?.['x-accept'] ?? []), because: field.headerRange }] : []
  })
}

function mediaNeed(accept: readonly string[]): Pick<Need, 'anyOf' | 'what'> {
  if (accept.length > 0 && accept.every(type => type.startsWith('image/'))) return { anyOf: ['images'], what: 'images as input' }
  if (accept.length > 0 && accept.every(type => type.startsWith('audio/'))) return { anyOf: ['audio'], what: 'audio as input' }
  return { anyOf: ['images', 'files', 'audio'], what: 'files as input' }
}

function can(model: CompiledModel, need: Need): boolean {
  return need.anyOf.some(capability => model.spec.capabilities.includes(capability))
}

function checkChain(prompt: CompiledPrompt, chain: readonly CompiledModel[], need: Need, report: Report): void {
  const lacking = chain.find(model => !can(model, need))
  const [first] = chain
  if (lacking === undefined || first === undefined) return
  const modelRange = argumentRange(prompt.block, 'model') ?? prompt.block.headerRange
  const place = { subject: modelRange, where: `in prompt "${prompt.name}"`, address: prompt.address }
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
    detail: `${lacking === first ? `Take another model` : `Take ${lacking.address} out of the chain`}, or declare the capability if the server has it:\n  capabilities = [${need.anyOf.length > 0 ? `"${need.anyOf[0]}"` : ''}, …]`,
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

function fallbackRange(chain: readonly CompiledModel[], lacking: CompiledModel): readonly RelatedRange[] {
  const from = chain.find(model => model.spec.fallback.some(fallback => fallback.$ref === lacking.address))
  const range = from && referenceRange(from.block.body, lacking)
  return from && range ? [{ range, message: `${from.address} falls back to it` }] : []
}

const PARAM_CAPABILITY: Partial<Record<keyof ParamsSpec, Capability>> = { seed: 'seed', reasoning_effort: 'reasoning' }

function warnIgnoredParams(prompt: CompiledPrompt, model: CompiledModel, report: Report): void {
  const params = nestedBlock(prompt.block, 'params')
  for (const [param, capability] of Object.entries(PARAM_CAPABILITY)) {
    if (params === undefined || !(param in (prompt.spec.params ?? {})) || model.spec.capabilities.includes(capability)) continue
    report.warning({
      code: 'model/ignored-param',
      summary: `${model.address} ignores "${param}"`,
      detail: `"${model.spec.id}" does not have the capability ${capability}. Remove the parameter, or declare the capability if the server has it.`,
      subject: argumentRange(params, param) ?? params.headerRange,
      where: `in prompt "${prompt.name}"`,
      address: prompt.address,
    })
  }
}

function nestedBlock(block: Block, type: string): Block | undefined {
  return block.body.items.find((item): item is Block => item.kind === 'block' && item.type === type)
}
