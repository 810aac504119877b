import type { Reference } from '../artifact/deferred.ts'
import { followedReferences, memberKey } from '../artifact/references.ts'
import type { NodeSpec } from '../artifact/workflow.ts'
import type { Report } from '../diagnostics/report.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block, Body } from '../hcl/ast.ts'
import { argumentRange } from './blocks/argument-range.ts'
import { type CompiledModel, type CompiledPrompt, can, chainFrom, modelsOf } from './checks.ts'
import type { CompiledBlock } from './instance.ts'
import { referenceRange } from './order.ts'
import { needsOf } from './prompt-needs.ts'

/** Flows inside of each other: each is a run of its own, which waits for the next. */
const MAX_FLOW_DEPTH = 16

/** What of workflows is seen only when all blocks are compiled. */
export function checkWorkflows(blocks: readonly CompiledBlock[], report: Report): void {
  checkDepth(blocks, report)
  checkModels(blocks, report)
}

/** @param blocks after what they refer to. */
function checkDepth(blocks: readonly CompiledBlock[], report: Report): void {
  const depths = new Map<string, number>()
  const byAddress = new Map(blocks.map(block => [block.address, block]))
  for (const block of blocks) {
    const { kind, spec } = block.artifact
    if (kind !== 'workflow' && kind !== 'tool') continue
    const called = followedReferences(spec).map(address => ({ address, depth: depths.get(address) ?? 0 }))
    const deepest = called.reduce((most, next) => (next.depth > most.depth ? next : most), { address: '', depth: 0 })
    const depth = deepest.depth + (kind === 'workflow' ? 1 : 0)
    depths.set(block.address, depth)
    const target = byAddress.get(deepest.address)
    // Told of the first that is too deep: all above it are as well.
    if (depth !== MAX_FLOW_DEPTH + 1 || kind !== 'workflow' || target === undefined) continue
    report.error({
      code: 'workflow/too-large',
      summary: `${block.address} runs flows ${MAX_FLOW_DEPTH + 1} deep inside of each other`,
      detail: `At most ${MAX_FLOW_DEPTH} are run so. Put the nodes of some of them into the workflow that runs them.`,
      subject: referenceRange(block.block.body, target) ?? block.block.headerRange,
      where: `in workflow "${block.name}"`,
      address: block.address,
    })
  }
}

/** A node may give a prompt another model: it must do what the prompt needs, with all that it falls back to. */
function checkModels(blocks: readonly CompiledBlock[], report: Report): void {
  const models = modelsOf(blocks)
  const prompts = new Map(
    blocks.flatMap(block => (block.artifact.kind === 'prompt' ? [[block.address, { ...block, spec: block.artifact.spec }] as const] : [])),
  )
  for (const block of blocks) {
    if (block.artifact.kind !== 'workflow') continue
    for (const node of allNodes(block.artifact.spec.nodes)) {
      const { prompt, model } = node.arguments as { readonly prompt?: Reference; readonly model?: Reference }
      const called = prompt && prompts.get(memberKey(prompt))
      if (node.type !== 'model' || model === undefined || called === undefined || memberKey(model) !== model.$ref) continue
      checkModel(block, node, called, chainFrom(model.$ref, models), report)
    }
  }
}

function allNodes(nodes: readonly NodeSpec[]): readonly NodeSpec[] {
  return nodes.flatMap(node => [node, ...allNodes(node.nodes ?? [])])
}

function checkModel(
  workflow: CompiledBlock,
  node: NodeSpec,
  prompt: CompiledPrompt,
  chain: readonly CompiledModel[],
  report: Report,
): void {
  for (const need of needsOf(prompt.block, prompt.spec)) {
    const lacking = chain.find(model => !can(model, need))
    // A single model without structured output still works: the schema is said in the instructions.
    if (lacking === undefined || (lacking === chain[0] && need.what === 'structured output')) continue
    report.error({
      code: 'model/missing-capability',
      summary: `${prompt.address} needs ${need.what}, ${lacking.address} has none`,
      detail: `Take another model for this node, or declare the capability if the server has it:\n  capabilities = ["${need.anyOf[0]}", …]`,
      subject: modelRange(workflow.block, node.name) ?? workflow.block.headerRange,
      where: `in node "${node.name}" of workflow "${workflow.name}"`,
      address: workflow.address,
      notes: chain.length > 1 ? [chain.map(({ address }) => address).join(' → ')] : [],
      related: [{ range: need.because, message: `this needs ${need.anyOf[0]}` }],
    })
  }
}

function modelRange(workflow: Block, name: string): SourceRange | undefined {
  const block = findNode(workflow.body, name)
  return block && argumentRange(block, 'model')
}

function findNode(body: Body, name: string): Block | undefined {
  for (const item of body.items) {
    if (item.kind !== 'block' || item.type !== 'node') continue
    const found = item.labels[1]?.text === name ? item : findNode(item.body, name)
    if (found) return found
  }
  return undefined
}
