import type { Deferred } from '../../artifact/deferred.ts'
import type { JsonSchema } from '../../artifact/json-schema.ts'
import type { ApprovalArguments, NodeSpec, RouteSpec, SourceSpec } from '../../artifact/workflow.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import type { JsonValue } from '../../base/json.ts'
import { nodeDefinitions } from '../workflow/index.ts'
import { argument, type BodyItem, block } from './body.ts'
import { fieldBlocks } from './io.ts'
import { durationText, plainArguments } from './model-blocks.ts'
import { typeText } from './schema-type.ts'
import { deferredValue, itemsText } from './text.ts'

/** The nodes of a workflow or of a body, and the edges between them that have a condition. */
export function bodyItems(nodes: readonly NodeSpec[]): readonly BodyItem[] {
  return [...nodes.map(nodeBlock), ...nodes.flatMap(edgeBlocks)]
}

function nodeBlock(node: NodeSpec): BodyItem {
  const { name, type, sources, when, timeout_ms, nodes, output } = node
  const on = sources.filter(source => source.kind === 'exit' && source.when === undefined)
  const after = sources.filter(({ kind }) => kind === 'after')
  return block(`node "${type}" "${name}"`, [
    ...argument('on', on.length === 0 ? undefined : itemsText(on.map(exitText))),
    ...argument('after', after.length === 0 ? undefined : itemsText(after.map(source => `node.${source.node}`))),
    ...argument('when', when === undefined ? undefined : deferredValue(when)),
    ...argumentItems(node),
    ...argument('timeout', durationText(timeout_ms)),
    ...(nodes ? bodyItems(nodes) : []),
    ...(output === undefined ? [] : [block('output', argument('value', deferredValue(output)))]),
    ...policyBlocks(node),
  ])
}

function exitText({ node, exit }: SourceSpec): string {
  return exit === undefined ? `node.${node}` : `exit.${node}.${exit}`
}

function edgeBlocks({ name, sources }: NodeSpec): readonly BodyItem[] {
  return sources.flatMap(source =>
    source.when === undefined
      ? []
      : [
          block('edge', [
            ...argument('from', exitText(source)),
            ...argument('to', `node.${name}`),
            ...argument('when', deferredValue(source.when)),
          ]),
        ],
  )
}

function policyBlocks({ retry, on_error, cache }: NodeSpec): readonly BodyItem[] {
  const { action, value, codes } = on_error
  const isUsual = action === 'fail' && codes === undefined
  return [
    ...(retry
      ? [
          block('retry', [
            ...plainArguments({ max_attempts: retry.max_attempts }),
            ...argument('initial', durationText(retry.initial_ms)),
            ...argument('max', durationText(retry.max_ms)),
            ...plainArguments({ on: retry.on }),
          ]),
        ]
      : []),
    ...(isUsual
      ? []
      : [
          block('on_error', [
            ...plainArguments({ action }),
            ...argument('value', value === undefined ? undefined : deferredValue(value)),
            ...plainArguments({ codes }),
          ]),
        ]),
    ...(cache
      ? [
          block('cache', [
            ...argument('ttl', durationText(cache.ttl_ms)),
            ...plainArguments({ scope: cache.scope === 'tenant' ? undefined : cache.scope }),
          ]),
        ]
      : []),
  ]
}

/** Arguments that are blocks in the configuration, or are written otherwise. */
interface Structured extends Partial<Pick<ApprovalArguments, 'actions' | 'fields' | 'initial'>> {
  readonly routes?: readonly RouteSpec[]
  readonly duration_ms?: Deferred
  readonly type?: JsonSchema
}

type Plain = Readonly<Record<string, Deferred | undefined>>

/** Arguments of its type, in the order in which the type lists them; defaults are left out. */
function argumentItems({ type, arguments: given }: NodeSpec): readonly BodyItem[] {
  const known = nodeDefinitions.find(definition => definition.type === type)?.body.arguments ?? {}
  const { routes, actions, fields, initial, duration_ms, type: schema, ...plain } = given as unknown as Structured & Plain
  const order = Object.keys(known)
  const written = Object.entries(plain).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))
  return [
    ...written.flatMap(([name, value]) => plainItem(name, value, known[name]?.fallback)),
    ...argument('duration', typeof duration_ms === 'number' ? durationText(duration_ms) : undefined),
    ...(schema === undefined ? [] : typeItems(schema)),
    ...(routes ?? []).map(routeBlock),
    ...actionBlocks(actions ?? []),
    ...(fields === undefined ? [] : fieldBlocks(fields, initialItems(initial))),
  ]
}

function plainItem(name: string, value: Deferred | undefined, usual: unknown): readonly BodyItem[] {
  if (value === undefined) return []
  if (usual !== undefined && canonicalJson(value as JsonValue) === canonicalJson(usual as JsonValue)) return []
  const isNothing = name === 'with' && Object.keys(value as object).length === 0
  return isNothing ? [] : argument(name, deferredValue(value))
}

/** `type = …`, where a type compiles to the schema; elsewhere it was inferred, and will be again. */
export function typeItems(schema: JsonSchema): readonly BodyItem[] {
  return argument('type', typeText(schema))
}

function routeBlock({ name, when, description, examples, weight }: RouteSpec): BodyItem {
  return block(`route "${name}"`, [
    ...argument('when', when === undefined ? undefined : deferredValue(when)),
    ...plainArguments({ description, examples, weight }),
  ])
}

function actionBlocks(actions: ApprovalArguments['actions']): readonly BodyItem[] {
  return actions.map(({ name, label, require_comment }) =>
    block(`action "${name}"`, plainArguments({ label, require_comment: require_comment || undefined })),
  )
}

/** The first value of each field, as its block says it. */
function initialItems(initial: ApprovalArguments['initial'] = {}): (field: string) => readonly BodyItem[] {
  return field => {
    const value = initial[field]
    return value === undefined ? [] : argument('initial', deferredValue(value))
  }
}
