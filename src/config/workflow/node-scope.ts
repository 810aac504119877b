import { enumerate } from '../../base/enumerate.ts'
import type { Report } from '../../diagnostics/report.ts'
import type { SourceRange } from '../../diagnostics/source.ts'
import type { TraversalExpression } from '../../hcl/ast.ts'
import type { Resolution, Scope } from '../../hcl/scope.ts'
import { type ObjectType, plainType } from '../../hcl/type.ts'
import { INVALID, unknownValue } from '../../hcl/value.ts'
import { near } from '../decode/body.ts'
import { NAMES_LISTED } from '../unknown-name.ts'
import type { NodeRegistry } from './outline.ts'

/** A node as others read it. */
export interface ReadableNode {
  readonly type: ObjectType
  /** There are runs in which it does not run, or leaves by an exceptional exit. */
  readonly isSkippable: boolean
}

/** The nodes of one body, for one reader. */
interface NodeNames {
  /** Compiled so far; those that it may read are. Undefined for one with errors. */
  readonly nodes: ReadonlyMap<string, ReadableNode | undefined>
  /** Whether the reader waits for the node to succeed: then its attributes are there. */
  isRequired(node: string): boolean
  readonly registry: NodeRegistry
}

/** The names around, and `node.NAME` for those of this body: unknown values of their types. */
export function createNodeScope(parent: Scope, names: NodeNames): Scope {
  return {
    resolve(traversal, report) {
      const [name] = traversal.steps
      const isOwn = traversal.root === 'node' && name !== undefined && names.nodes.has(String(name.key))
      return isOwn ? resolveNode(traversal, names, report) : parent.resolve(traversal, report)
    },
    *names() {
      yield 'node'
      yield* parent.names()
    },
  }
}

function resolveNode(traversal: TraversalExpression, { nodes, isRequired }: NodeNames, report: Report): Resolution {
  const all = traversal.steps.length
  const [name, attribute] = traversal.steps
  const node = nodes.get(String(name?.key))
  if (node === undefined) return { value: INVALID, steps: all }
  if (attribute !== undefined && !node.type.attributes.has(String(attribute.key))) {
    reportUnknownAttribute(traversal, node.type, report)
    return { value: INVALID, steps: all }
  }
  const isAlways = attribute?.key === 'status'
  const nullable = node.isSkippable && !isAlways && !isRequired(String(name?.key))
  return walk(node.type, traversal, nullable)
}

/** As far as the types go: a traversal that starts at a skipped node is null, however long (blocks.md 1.8). */
function walk(from: ObjectType, { steps }: TraversalExpression, isSkippable: boolean): Resolution {
  let type: ReturnType<typeof plainType> = from
  let nullable = isSkippable
  let taken = 1
  for (const step of steps.slice(1)) {
    const attribute = type.kind === 'object' ? type.attributes.get(String(step.key)) : undefined
    if (attribute === undefined) break
    type = plainType(attribute.type)
    nullable = isSkippable || (attribute.optional && attribute.default === undefined)
    taken++
  }
  return { value: unknownValue(type, { nullable }), steps: taken }
}

function reportUnknownAttribute({ steps }: TraversalExpression, type: ObjectType, report: Report): void {
  const [name, attribute] = steps
  if (name === undefined || attribute === undefined) return
  const written = String(attribute.key)
  const known = [...type.attributes.keys()].sort()
  const { source, end } = attribute.range
  report.error({
    code: 'config/unknown-attribute',
    summary: `Node "${name.key}" has no attribute "${written}"`,
    detail: `Its attributes are ${enumerate(known, 'and')}.`,
    subject: attribute.kind === 'attribute' ? { source, start: end - written.length, end } : attribute.range,
    ...near(written, known),
  })
}

/** Answers for `node` outside of all bodies: what no body knows is not there. */
export function createUnknownNodeScope(parent: Scope, registry: NodeRegistry): Scope {
  return {
    resolve(traversal, report) {
      if (traversal.root !== 'node') return parent.resolve(traversal, report)
      const [name] = traversal.steps
      const subject = name ? { ...traversal.range, end: name.range.end } : traversal.range
      reportUnknownNode(name === undefined ? undefined : String(name.key), subject, registry, report)
      return { value: INVALID, steps: traversal.steps.length }
    },
    names: () => parent.names(),
  }
}

/** A node that is not there, or that stands in a body which cannot be looked into. */
export function reportUnknownNode(
  name: string | undefined,
  subject: SourceRange,
  { workflow, places }: NodeRegistry,
  report: Report,
): void {
  const owner = name === undefined ? undefined : places.get(name)?.owner
  const others = [...places.keys()].sort()
  const listed =
    others.length > NAMES_LISTED
      ? `It has ${others.length} nodes.`
      : others.length === 1
        ? `The only node is ${others[0]}.`
        : `The nodes are ${enumerate(others, 'and')}.`
  report.error({
    code: 'workflow/unknown-node',
    summary:
      name === undefined
        ? '"node" needs the name of a node, written out'
        : owner === undefined
          ? `Workflow "${workflow}" has no node "${name}"`
          : `Node "${name}" stands in the body of "${owner}", and is not seen here`,
    detail:
      owner === undefined
        ? listed
        : `What a body gives is read of the node around it: node.${owner}.output. Names of a body are known in that body alone.`,
    subject,
    ...(owner === undefined && name !== undefined ? near(name, others, 'node.') : {}),
  })
}
