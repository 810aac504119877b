import type { NodeSpec, WorkflowSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import { formatDuration } from '../../base/duration.ts'
import type { Block, Expression } from '../../hcl/ast.ts'
import { evaluate } from '../../hcl/evaluate.ts'
import { toJsonSchema } from '../../hcl/json-schema.ts'
import { ANY } from '../../hcl/type.ts'
import { duration, integer, labels, money, text } from '../decode/argument.ts'
import { type BodySpec, decodeBody, defaulted, optional, required, single } from '../decode/body.ts'
import { deferredJson, deferredText } from '../decode/deferred.ts'
import { META_ARGUMENTS, META_BLOCKS } from '../decode/meta-arguments.ts'
import type { BlockSite } from '../decode/site.ts'
import { declaredType } from '../decode/type.ts'
import { findAttribute } from '../instances.ts'
import { compileNodes } from '../workflow/body.ts'
import { laterBlock } from '../workflow/body-blocks.ts'
import { nodeDefinitions } from '../workflow/index.ts'
import { checkType, inferredSchema } from '../workflow/inferred-type.ts'
import { type NodeRegistry, nodeBlocks, outlineOf } from '../workflow/outline.ts'
import { nodeReferences } from '../workflow/references.ts'
import { createWorkflowScope } from '../workflow/workflow-scope.ts'
import { nestedBlock } from './argument-range.ts'
import type { BlockDefinition } from './definition.ts'
import { decodeIo, decodeValidations, type IoDeclaration } from './io.ts'

/** The semantics that graphs are checked for (DET-5). */
const INTERPRETER = 1
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MAX_STEPS = 100_000

const workflowBody = {
  arguments: {
    ...META_ARGUMENTS,
    description: optional(text()),
    labels: optional(labels),
    timeout: defaulted(duration, HOUR_MS),
    max_cost: optional(money),
    max_steps: defaulted(integer(1, MAX_STEPS), 10_000),
    retention: defaulted(duration, 30 * DAY_MS),
  },
  blocks: {
    ...META_BLOCKS,
    input: { labels: [], many: false, decode: (block: Block) => block },
    output: { labels: [], many: false, decode: (block: Block) => block },
    node: laterBlock(['type', 'name']),
    edge: laterBlock([]),
    concurrency: single({ arguments: { limit: required(integer(1)), key: optional(deferredText) } }),
  },
} as const satisfies BodySpec

const outputBody = {
  arguments: { value: required(deferredJson), type: optional(declaredType) },
} as const satisfies BodySpec

const definitions = new Map(nodeDefinitions.map(definition => [definition.type as string, definition]))

/** A graph of nodes. */
export const workflow: BlockDefinition<'workflow'> = {
  kind: 'workflow',
  summary: 'a graph of nodes',
  stability: 'stable',
  body: workflowBody,
  compile(block, site) {
    const before = site.report.errorCount
    const input = inputOf(block, site)
    const registry: NodeRegistry = { workflow: block.labels[0]?.text ?? '', places: new Map() }
    const declared = nestedBlock(block, 'input')
    const root = declared ? { type: input?.type ?? ANY, declaredAt: declared.typeRange } : {}
    const scope = createWorkflowScope(site.evaluation.scope, root, site.address, registry)
    const inner: BlockSite = { ...site, deferred: { ...site.evaluation, scope } }
    const decoded = decodeBody(block.body, workflowBody, inner, block)
    if (nodeBlocks(block.body).length === 0) reportNoNode(block, site)
    const outline = outlineOf(block.body, inner, registry)
    const output = nestedBlock(block, 'output')
    const readers = output
      ? output.body.items.flatMap(item => (item.kind === 'attribute' ? nodeReferences(item.expression, site.evaluation) : []))
      : []
    const compiled = compileNodes(outline, block.body, scope, inner, readers, { registry, definitions })
    const validations = decodeValidations(input?.validations ?? [], inner)
    const result = output && decodeOutput(output, compiled.site)
    if (decoded === undefined || site.report.errorCount > before) return undefined
    const nodes = compiled.nodes.map(({ spec }) => spec)
    checkWaits(block, nodes, decoded.timeout, site)
    if (site.report.errorCount > before) return undefined
    const spec: WorkflowSpec = compact({
      description: decoded.description,
      labels: decoded.labels,
      input: input?.schema,
      input_validation: validations.length > 0 ? validations : undefined,
      nodes,
      output: result,
      interpreter: INTERPRETER,
      timeout_ms: decoded.timeout,
      retention_ms: decoded.retention,
      max_steps: decoded.max_steps,
      max_cost_nano: decoded.max_cost,
      concurrency: decoded.concurrency && compact(decoded.concurrency),
    })
    return { spec }
  },
}

function inputOf(block: Block, site: BlockSite): IoDeclaration | undefined {
  const found = nestedBlock(block, 'input')
  return found && found.labels.length === 0 ? decodeIo(found, site) : undefined
}

function reportNoNode(block: Block, site: BlockSite): void {
  site.report.error({
    code: 'config/missing-argument',
    summary: `${site.address} has no node`,
    detail: 'Add at least one: node "model" "NAME" { … }.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** With `type` checked now as far as it is known; else the type is what the value has. */
function decodeOutput(block: Block, site: BlockSite): WorkflowSpec['output'] {
  const decoded = decodeBody(block.body, outputBody, site, block)
  const expression: Expression | undefined = findAttribute(block, 'value')?.expression
  if (decoded === undefined || expression === undefined) return undefined
  const value = evaluate(expression, { ...(site.deferred ?? site.evaluation), report: site.report.muted() })
  if (decoded.type === undefined) return { schema: inferredSchema(value), value: decoded.value }
  if (!checkType(value, decoded.type, `The output of ${site.address}`, expression.range, site)) return undefined
  return { schema: toJsonSchema(decoded.type), value: decoded.value }
}

/** A run that ends before a wait of it would fail each time that somebody takes the time that he has. */
function checkWaits(block: Block, nodes: readonly NodeSpec[], timeoutMs: number, site: BlockSite): void {
  for (const node of nodes) {
    if (node.nodes) checkWaits(block, node.nodes, timeoutMs, site)
    const waitsMs =
      node.type === 'approval' ? node.timeout_ms : node.type === 'wait' ? (node.timeout_ms ?? node.arguments.duration_ms) : undefined
    if (typeof waitsMs !== 'number' || waitsMs < timeoutMs) continue
    const written = findAttribute(block, 'timeout')
    site.report.error({
      code: 'config/out-of-range',
      summary: `${site.address} may take ${formatDuration(timeoutMs)}, and its node "${node.name}" alone waits up to ${formatDuration(waitsMs)}`,
      detail: `Give the workflow more time: timeout = "${formatDuration(2 * waitsMs)}".${written ? '' : ' Without it, it has 1h.'}`,
      subject: written?.expression.range ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
}
